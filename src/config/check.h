/* SPDX-License-Identifier: Apache-2.0 */
/* Rules across objects; `b` has the components in the order of the file. */
#ifndef CONFIG_CHECK_H
#define CONFIG_CHECK_H

#include "config/build.h"

#include <stdbool.h>

/* No path is written twice, and none lies inside another's directory. */
void check_paths(struct loader *ld, const struct build *b);
/* Components of one process agree on role and activation. */
void check_processes(struct loader *ld, const struct build *b);
/* `was` names no existing object, and no former name appears twice. */
void check_former_names(struct loader *ld, const struct build *b);
/* A passphrase of backup or state has no other use, and there is at least one. */
void check_secrets(struct loader *ld, const struct node *root);
/* The same for the secrets that components are accessed with. */
void check_access_secrets(struct loader *ld, const struct build *b, const struct node *root);
/* Each copy of the bundles has what it is reached with; gives it to it. */
void check_copies(struct loader *ld, const struct node *root);
/* No passphrase of backup or state tells anything, and no target is told twice. */
void check_notify(struct loader *ld, const struct node *root);
/* No CSV file is also a file that the fleet reads a secret or a key from. */
void check_inventories(struct loader *ld, const struct build *b);
/* What `acknowledge` names is in the fleet file; after everything is built. */
void check_acknowledgements(struct loader *ld, const struct node *root);
bool is_passphrase(const struct fleet *f, const struct secret_ref *s);
/* What is issued has the names that its components are verified by. */
void check_clients(struct loader *ld, const struct build *b);
/* An issuer of agents signs nothing else, and agents have no other. */
void check_agents(struct loader *ld, const struct build *b, const struct node *root);

#endif
