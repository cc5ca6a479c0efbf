/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Configuration of an agent: listening address, authorized clients, and the
 * components on its host.  Plain data in one arena, components sorted by name;
 * paths are absolute or relative to the working directory, as in model/fleet.h.
 */
#ifndef MODEL_AGENT_CONFIG_H
#define MODEL_AGENT_CONFIG_H

#include "base/arena.h"
#include "model/fleet.h"

#include <stddef.h>
#include <stdint.h>

enum {
	ALLOW_LIMIT = 64,
	AGENT_COMPONENT_LIMIT = 10000,
};

/* Source of the version of a component's process. */
enum version_kind {
	VERSION_NONE,
	VERSION_TEXT,
	VERSION_FILE,   /* first line of a file */
	VERSION_COMMAND /* first line of a command's output */
};

struct agent_version {
	enum version_kind kind;
	const char *text;        /* VERSION_TEXT; VERSION_FILE: the path */
	const char *const *argv; /* VERSION_COMMAND, ends with NULL */
};

struct agent_component {
	const char *name; /* full name, as in the fleet file */
	struct agent_version version;
	struct install install;
	struct activate activate;
	const struct verify *check; /* TLS ports of the component, probed by the agent */
	size_t check_count;
};

/* Authorized client: SHA-256 of its key, or complete subject name under the CA. */
struct allowed_client {
	const char *spki; /* 64 hex digits; NULL: `name` */
	const char *name; /* canonical RFC 4514 */
};

struct agent_config {
	struct arena arena;
	const char *path;      /* of the configuration file */
	const char *directory; /* its directory, absolute */
	const char *listen;    /* "ADDRESS:PORT" as written */
	const char *host;
	uint16_t port;
	const char *certificate; /* PEM, leaf first */
	const char *key;
	const char *client_ca;
	const struct allowed_client *clients;
	size_t client_count;
	const char *allow_file; /* file with the authorized clients instead; NULL */
	const char *user;       /* user of the network process; NULL: that of the agent */
	const char *state;      /* directory with the last orders */
	bool shares_state;      /* `state:` is left out: that of all agents of this host */
	const struct agent_component *components;
	size_t component_count;
};

void agent_config_release(struct agent_config *c);
AUTO_STRUCT(agent_config, struct agent_config, agent_config_release)

/* Component by name; NULL: none. */
const struct agent_component *agent_component(const struct agent_config *c, const char *name);

#endif
