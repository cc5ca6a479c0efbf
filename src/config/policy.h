/* SPDX-License-Identifier: Apache-2.0 */
/* Readers for secrets, state, backup and restart policy. */
#ifndef CONFIG_POLICY_H
#define CONFIG_POLICY_H

#include "config/fields.h"

extern const struct field_type secret_type; /* struct secret_ref */
/* struct secret_ref, or the path of its file */
extern const struct field_type key_ref_type;
extern const struct field_type state_type;  /* struct state_policy */
extern const struct field_type backup_type; /* struct backup_policy */
extern const struct field_type share_type;  /* struct share */

bool version_check(struct loader *ld, const struct node *n, void *out);
bool approvals_check(struct loader *ld, const struct node *n, void *out);
bool state_check(struct loader *ld, const struct node *n, void *out);

#endif
