/* SPDX-License-Identifier: Apache-2.0 */
/* Delivery to another machine over SSH. */
#ifndef CONFIG_DELIVER_SFTP_H
#define CONFIG_DELIVER_SFTP_H

#include "config/fields.h"

#include <stdbool.h>

struct component_form;
struct draft;

extern const struct record sftp_record; /* writes to the whole struct deliver */

/* Rules that involve the rest of the component. */
bool sftp_check_component(struct loader *ld, const struct draft *d,
			  const struct component_form *form);

#endif
