/* SPDX-License-Identifier: Apache-2.0 */
/* Readers for the keys of a certificate, issued or imported. */
#ifndef CONFIG_CERTIFICATE_TYPES_H
#define CONFIG_CERTIFICATE_TYPES_H

#include "config/fields.h"

#include <stdbool.h>

extern const struct field_type renew_type;        /* struct renew_before */
extern const struct field_type spread_type;       /* unsigned, percent */
extern const struct field_type purpose_type;      /* unsigned, enum purpose */
extern const struct field_type import_type;       /* struct import */
extern const struct field_type import_trust_type; /* struct import_trust */

bool certificate_check(struct loader *ld, const struct node *n, void *out);

#endif
