/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/summary.h"

#include <inttypes.h>

static const char *const words[STEP_KIND_COUNT] = {
	[STEP_CREATE_ISSUER] = "authority to create",
	[STEP_PUBLISH] = "to publish",
	[STEP_ISSUE] = "to issue",
	[STEP_IMPORT] = "to import",
	[STEP_EXPORT] = "to export",
	[STEP_BACKUP] = "backup",
	[STEP_COPY] = "to copy",
	[STEP_STAGE] = "to stage",
	[STEP_COMMIT] = "to commit",
	[STEP_ACTIVATE] = "to activate",
	[STEP_VERIFY] = "to verify",
	[STEP_REVERT] = "to revert",
	[STEP_ROLLBACK] = "to roll back",
	[STEP_RETIRE] = "to retire",
};

struct summary plan_summary(const struct plan *p)
{
	struct summary s = { 0 };

	for (size_t i = 0; i < p->step_count; i++)
		s.steps[p->steps[i].kind]++;
	return s;
}

void summary_words(const struct plan *p, struct buf *out)
{
	const struct summary s = plan_summary(p);
	const char *separator = "";
	size_t awaiting = plan_awaiting(p);
	size_t left = p->left_out_count - awaiting;

	for (enum step_kind kind = 0; kind < STEP_KIND_COUNT; kind++) {
		if (!s.steps[kind])
			continue;
		buf_printf(out, "%s%zu %s", separator, s.steps[kind],
			   kind == STEP_CREATE_ISSUER && s.steps[kind] > 1 ? "authorities to create"
									   : words[kind]);
		separator = ", ";
	}
	if (!p->step_count)
		buf_puts(out, p->left_out_count ? "Nothing to do now" : "Nothing to do");
	buf_printf(out, "; %zu unchanged", p->unchanged);
	if (awaiting)
		buf_printf(out, ", %zu waiting for a person", awaiting);
	if (left)
		buf_printf(out, ", %zu left out", left);
}

void impact_words(bool told, int64_t agents, struct buf *out)
{
	if (told)
		buf_printf(out, "%" PRId64 " agent%s data meanwhile", agents,
			   agents == 1 ? " loses" : "s lose");
	else
		buf_puts(out, "its agents lose data meanwhile, how many is unknown");
}
