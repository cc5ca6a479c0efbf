/* SPDX-License-Identifier: Apache-2.0 */
/* Readers for the copies of bundles, and for the logins to WebDAV and S3. */
#ifndef CONFIG_COPIES_H
#define CONFIG_COPIES_H

#include "config/fields.h"

#include <stdbool.h>

extern const struct field_type copy_type;      /* struct backup_copy */
extern const struct field_type web_place_type; /* const char *; web_access_check() splits it */
extern const struct field_type web_list_type;  /* const struct web_access *const * */

bool web_access_check(struct loader *ld, const struct node *n, void *out);

#endif
