/* SPDX-License-Identifier: Apache-2.0 */
#include "model/activation.h"

#include "model/http_spec.h"
#include "model/snapshot.h"

#include <string.h>

const char *const activation_names[ACTIVATION_COUNT + 1] = {
	[ACTIVATION_NONE] = "none",
	[ACTIVATION_SWAP] = "swap",
	[ACTIVATION_RELOAD] = "reload",
	[ACTIVATION_RESTART] = "restart",
};
const char *const activation_former_names[ACTIVATION_COUNT] = { [ACTIVATION_SWAP] = "hot" };

/* Driver capabilities: activation by the driver itself. */
static const struct rung {
	const char *name;
	enum activation own; /* activation without `activate` in the fleet file */
	bool always;         /* `activate` is not allowed */
	bool at_commit;      /* the commit itself activates */
} rungs[] = {
	[DRIVER_FILES] = { "files", ACTIVATION_NONE, false, false },
	[DRIVER_HAPROXY] = { "haproxy", ACTIVATION_SWAP, true, false },
	/* default until the agent reports its host's activation */
	[DRIVER_AGENT] = { "agent", ACTIVATION_RELOAD, true, false },
	[DRIVER_CADDY] = { "caddy", ACTIVATION_SWAP, true, true },
	[DRIVER_ETCD] = { "etcd", ACTIVATION_NONE, false, false },
	[DRIVER_SFTP] = { "sftp", ACTIVATION_NONE, false, false },
	[DRIVER_HTTP] = { "http", ACTIVATION_SWAP, false, true },
	[DRIVER_COMMAND] = { "command", ACTIVATION_RELOAD, false, true },
	[DRIVER_HANDOFF] = { "handoff", ACTIVATION_NONE, false, false },
};
_Static_assert(sizeof(rungs) / sizeof(*rungs) == DRIVER_KIND_COUNT, "every driver needs its row");

const char *driver_name(enum driver_kind kind)
{
	return rungs[kind].name;
}

static bool declares_activate(const struct deliver *d)
{
	return (d->kind == DRIVER_HTTP && d->http->requests[DECLARED_ACTIVATE]) ||
	       (d->kind == DRIVER_COMMAND && d->command->argv[DECLARED_ACTIVATE]);
}

bool deliver_activates(const struct deliver *d)
{
	return rungs[d->kind].always || declares_activate(d);
}

bool deliver_swaps(const struct deliver *d)
{
	return deliver_activates(d) && rungs[d->kind].own == ACTIVATION_SWAP;
}

bool component_swaps_at_commit(const struct component *c)
{
	return rungs[c->deliver.kind].at_commit && !declares_activate(&c->deliver) &&
	       c->activate.kind == ACTIVATE_NONE;
}

enum activation activate_activation(const struct activate *a)
{
	switch (a->kind) {
	case ACTIVATE_NONE:
		break;
	case ACTIVATE_SIGNAL:
	case ACTIVATE_RELOAD:
	case ACTIVATE_HTTP:
		return ACTIVATION_RELOAD;
	case ACTIVATE_COMMAND:
	case ACTIVATE_UNIT: /* unless its host tells that it can be reloaded */
	case ACTIVATE_APPMON:
		return ACTIVATION_RESTART;
	}
	return ACTIVATION_NONE;
}

const char *const *activate_argv(const struct activate *how, struct arena *a)
{
	const char **argv = NULL;

	switch (how->kind) {
	case ACTIVATE_RELOAD:
	case ACTIVATE_COMMAND:
		return how->argv;
	case ACTIVATE_UNIT:
		argv = arena_array(a, 4, sizeof(*argv));
		argv[0] = "systemctl";
		argv[1] = how->start ? "reload-or-restart" : "try-reload-or-restart";
		argv[2] = how->unit;
		return argv;
	case ACTIVATE_NONE:
	case ACTIVATE_SIGNAL:
	case ACTIVATE_HTTP:
	case ACTIVATE_APPMON:
		break;
	}
	return NULL;
}

enum activation component_activation(const struct component *c, const struct component_seen *seen)
{
	enum activation reported = ACTIVATION_NONE;

	if (c->activate.kind != ACTIVATE_NONE &&
	    (c->activate.kind != ACTIVATE_UNIT || !seen->now.activation))
		return activate_activation(&c->activate);
	if (seen->now.activation && activation_named(seen->now.activation, &reported))
		return reported;
	return rungs[c->deliver.kind].own;
}

bool component_starts(const struct component *c, const struct component_seen *seen)
{
	if (c->activate.kind == ACTIVATE_UNIT)
		return c->activate.start;
	/* the process itself is asked to restart */
	return c->activate.kind != ACTIVATE_APPMON &&
	       component_activation(c, seen) == ACTIVATION_RESTART;
}

bool activation_named(const char *name, enum activation *out)
{
	for (int i = 0; i < ACTIVATION_COUNT; i++)
		if (!strcmp(name, activation_names[i]) ||
		    (activation_former_names[i] && !strcmp(name, activation_former_names[i]))) {
			*out = (enum activation)i;
			return true;
		}
	return false;
}
