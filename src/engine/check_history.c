/* SPDX-License-Identifier: Apache-2.0 */
/* Check of the history: its chain, and what bundles know of it. */
#include "base/fs.h"
#include "base/text.h"
#include "bundle/bundle.h"
#include "engine/backup.h"
#include "engine/internal.h"
#include "state/journal.h"

#include <string.h>

/* A bundle that cannot be read is a matter for `backup verify`. */
static bool compare_bundle(struct engine *en, const char *name, struct history_report *out,
			   struct err *e)
{
	AUTO(arena) a = { 0 };
	AUTO(buf) bytes = { 0 };
	struct bundle_head head = { 0 };
	struct err ignored = { 0 };
	const char *path = arena_printf(&a, "%s/%s", en->fleet->backup.directory, name);

	if (!fs_read(path, BUNDLE_LIMIT, &bytes, &ignored) ||
	    !bundle_read_head(bytes.data, bytes.len, &a, &head, &ignored) || !head.history_run ||
	    strcmp(head.lineage, state_lineage(en->state)) != 0)
		return true;
	out->bundles++;
	return history_compare(en->state, &(struct history_head){ head.history_run, head.history },
			       arena_printf(&a, "bundle '%s'", text_escaped(&a, name)), &out->flaws,
			       e);
}

bool engine_check_history(struct engine *en, struct arena *a, struct history_report *out,
			  struct err *e)
{
	struct backup_listed *list = NULL;
	size_t count = 0;

	*out = (struct history_report){ .flaws = { .arena = a } };
	if (!history_verify(en->state, &out->flaws, e) ||
	    (en->fleet->backup.directory && !backup_list(en->fleet, a, &list, &count, e)))
		return false;
	for (size_t i = 0; i < count; i++)
		if (!compare_bundle(en, list[i].name, out, e))
			return false;
	return true;
}
