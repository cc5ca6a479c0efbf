/* SPDX-License-Identifier: Apache-2.0 */
#include "model/plan.h"

const char *const step_kind_names[STEP_KIND_COUNT + 1] = {
	[STEP_CREATE_ISSUER] = "create-issuer",
	[STEP_PUBLISH] = "publish",
	[STEP_ISSUE] = "issue",
	[STEP_IMPORT] = "import",
	[STEP_BACKUP] = "backup",
	[STEP_STAGE] = "stage",
	[STEP_COMMIT] = "commit",
	[STEP_ACTIVATE] = "activate",
	[STEP_VERIFY] = "verify",
	[STEP_ROLLBACK] = "rollback",
	[STEP_RETIRE] = "retire",
};

const char *const activation_names[ACTIVATION_COUNT + 1] = {
	[ACTIVATION_NONE] = "none",
	[ACTIVATION_HOT] = "hot",
	[ACTIVATION_RELOAD] = "reload",
	[ACTIVATION_RESTART] = "restart",
};

const char *const severity_names[SEVERITY_COUNT + 1] = {
	[SEVERITY_BLOCK] = "block",
	[SEVERITY_ACKNOWLEDGE] = "acknowledge",
	[SEVERITY_INFO] = "info",
};

void plan_release(struct plan *p)
{
	arena_release(&p->arena);
	*p = (struct plan){ 0 };
}

enum activation component_activation(const struct component *c)
{
	static const enum activation activations[] = {
		[ACTIVATE_NONE] = ACTIVATION_NONE,
		[ACTIVATE_SIGNAL] = ACTIVATION_RELOAD,
		[ACTIVATE_COMMAND] = ACTIVATION_RESTART,
	};

	if (deliver_is_hot(&c->deliver))
		return ACTIVATION_HOT;
	/* the agent knows how; that its process is told is all we know */
	if (c->deliver.kind == DRIVER_AGENT)
		return ACTIVATION_RELOAD;
	return activations[c->activate.kind];
}

static bool any_open(const struct plan *p, enum severity severity)
{
	for (size_t i = 0; i < p->precondition_count; i++)
		if (p->preconditions[i].severity == severity &&
		    !p->preconditions[i].acknowledged)
			return true;
	return false;
}

bool plan_is_blocked(const struct plan *p)
{
	return any_open(p, SEVERITY_BLOCK);
}

bool plan_needs_acknowledgement(const struct plan *p)
{
	return any_open(p, SEVERITY_ACKNOWLEDGE);
}
