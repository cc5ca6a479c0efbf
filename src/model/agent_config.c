/* SPDX-License-Identifier: Apache-2.0 */
#include "model/agent_config.h"

#include "base/text.h"

void agent_config_release(struct agent_config *c)
{
	arena_release(&c->arena);
}

const struct agent_component *agent_component(const struct agent_config *c, const char *name)
{
	return text_find(name, c->components, c->component_count, sizeof(*c->components));
}
