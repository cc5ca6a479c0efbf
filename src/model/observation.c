/* SPDX-License-Identifier: Apache-2.0 */
#include "model/observation.h"

const char *const evidence_names[EVIDENCE_COUNT + 1] = {
	[EVIDENCE_NONE] = "none",
	[EVIDENCE_DRIVER] = "driver",
	[EVIDENCE_HANDSHAKE] = "handshake",
};

const char *const appmon_link_names[LINK_COUNT + 1] = {
	[LINK_UNKNOWN] = "unknown",
	[LINK_CONNECTED] = "connected",
	[LINK_DISCONNECTED] = "disconnected",
};

static void observation_keep(const char **text, struct arena *a)
{
	if (*text)
		*text = arena_strdup(a, *text);
}

struct observation observation_copy(const struct observation *o, struct arena *a)
{
	struct observation copy = *o;

	copy.leaf = (struct der){ 0 };
	observation_keep(&copy.error, a);
	observation_keep(&copy.no_secret, a);
	observation_keep(&copy.version, a);
	observation_keep(&copy.installed, a);
	observation_keep(&copy.chain, a);
	observation_keep(&copy.damage, a);
	observation_keep(&copy.attr_flaw, a);
	observation_keep(&copy.staged, a);
	observation_keep(&copy.unwritable, a);
	observation_keep(&copy.served, a);
	observation_keep(&copy.served_flaw, a);
	observation_keep(&copy.unverifiable, a);
	observation_keep(&copy.plain, a);
	observation_keep(&copy.activation, a);
	observation_keep(&copy.activated, a);
	observation_keep(&copy.doubt, a);
	observation_keep(&copy.untrusted, a);
	observation_keep(&copy.denied, a);
	observation_keep(&copy.not_running, a);
	observation_keep(&copy.executable, a);
	observation_keep(&copy.order_from, a);
	return copy;
}
