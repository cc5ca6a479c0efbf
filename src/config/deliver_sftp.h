/* SPDX-License-Identifier: Apache-2.0 */
/* What is delivered to another machine over SSH. */
#ifndef CONFIG_DELIVER_SFTP_H
#define CONFIG_DELIVER_SFTP_H

#include "config/fields.h"

#include <stdbool.h>

struct component_form;
struct draft;

extern const struct record sftp_record; /* struct deliver, the whole of it */

/* Rules between the delivery and the rest of its component. */
bool sftp_check_component(struct loader *ld, const struct draft *d,
			  const struct component_form *form);

#endif
