/* SPDX-License-Identifier: Apache-2.0 */
#include "model/agent_config.h"

#include <stdlib.h>
#include <string.h>

void agent_config_release(struct agent_config *c)
{
	arena_release(&c->arena);
}

static int agent_config_compare_name(const void *name, const void *item)
{
	return strcmp(name, ((const struct agent_component *)item)->name);
}

const struct agent_component *agent_component(const struct agent_config *c, const char *name)
{
	if (!c->component_count)
		return NULL;
	return bsearch(name, c->components, c->component_count, sizeof(*c->components),
		       agent_config_compare_name);
}
