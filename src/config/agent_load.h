/* SPDX-License-Identifier: Apache-2.0 */
/* Structs that an agent's configuration decodes into, before they become the model. */
#ifndef CONFIG_AGENT_LOAD_H
#define CONFIG_AGENT_LOAD_H

#include "config/fields.h"
#include "model/agent_config.h"

#include <stdbool.h>

struct agent_tls_form {
	const char *certificate;
	const char *key;
	const char *client_ca;
	struct items clients; /* struct allowed_client */
	const char *allow_file;
};

struct agent_version_form {
	const char *text;
	const char *file;
	const char *const *command;
};

struct agent_component_form {
	struct agent_version_form version;
	struct install install;
	struct activate activate;
	struct items check; /* struct verify */
};

struct agent_form {
	unsigned version;
	const char *listen;
	struct agent_tls_form tls;
	const char *user;
	const char *state;
	struct items components; /* struct agent_component */
};

extern const struct record agent_record; /* struct agent_form */
extern const struct record agent_component_record;

extern const struct field_type allowed_client_type;   /* allowed_client */
extern const struct field_type agent_components_type; /* struct items */

bool agent_tls_check(struct loader *ld, const struct node *n, void *out);

#endif
