/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an agent is told by its own configuration: where it listens, who may
 * give it orders, and the components on its host.  Plain data in one arena,
 * components sorted by name; paths are absolute or relative to the working
 * directory, as in model/fleet.h.
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

/* How the version of a component's process is found out. */
enum version_kind {
	VERSION_NONE,
	VERSION_TEXT,
	VERSION_FILE,   /* its first line */
	VERSION_COMMAND /* the first line it prints */
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
	const struct verify *check; /* its own TLS ports, looked at here */
	size_t check_count;
};

/* A caller: the SHA-256 of its key, or a complete name under the authority. */
struct agent_caller {
	const char *spki; /* 64 hex digits; NULL: `name` */
	const char *name; /* canonical RFC 4514 */
};

struct agent_config {
	struct arena arena;
	const char *path;      /* of the file */
	const char *directory; /* its directory, absolute */
	const char *listen;    /* "ADDRESS:PORT" as written */
	const char *host;
	uint16_t port;
	const char *certificate; /* PEM, leaf first */
	const char *key;
	const char *client_ca;
	const struct agent_caller *callers;
	size_t caller_count;
	const char *allow_file; /* holds them instead; NULL */
	const char *user;       /* the network half runs as; NULL: as we do */
	const char *state;      /* directory of what was ordered so far */
	const struct agent_component *components;
	size_t component_count;
};

void agent_config_release(struct agent_config *c);
AUTO_STRUCT(agent_config, struct agent_config, agent_config_release)

/* By name; NULL: there is none. */
const struct agent_component *agent_component(const struct agent_config *c, const char *name);

#endif
