/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/handoff_file.h"

#include "base/alloc.h"
#include "base/fs.h"
#include "base/text.h"
#include "drivers/driver.h"
#include "engine/backup.h"
#include "engine/internal.h"
#include "engine/pair_file.h"
#include "engine/written.h"
#include "model/drift.h"
#include "state/written_records.h"

#include <stdlib.h>
#include <string.h>

struct handoff_content {
	const char *path;
	struct owned_file file;
	struct secret bytes;
	struct err error; /* code ERR_NONE: it can be written */
};

void handoff_files_init(struct handoff_files *h, size_t most)
{
	*h = (struct handoff_files){ xcalloc(most + 1, sizeof(*h->list)), 0 };
}

void handoff_files_release(struct handoff_files *h)
{
	for (size_t i = 0; i < h->count; i++)
		secret_release(&h->list[i].bytes);
	free(h->list);
	*h = (struct handoff_files){ 0 };
}

static bool make_content(struct run *r, const struct job *j, struct handoff_content *out,
			 struct err *e)
{
	const struct component *c = j->component;
	const struct handoff *h = c->deliver.handoff;
	struct pair_content content = { .format = h->format,
					.set = j->set,
					.key = j->key,
					.name = c->certificate->name,
					.complete = true };
	const struct written_order order = {
		.path = h->file, .fingerprint = j->fingerprint, .form = h->format, .handoff = true
	};

	if (h->format == HANDOFF_PKCS12 &&
	    !engine_secret(r->en, &h->password, &content.password, e))
		return false;
	return pair_file_make(&content, &out->bytes, e) &&
	       written_begin(r, &order, &out->bytes, &out->file, e);
}

bool handoff_fill(struct handoff_files *h, struct run *r, struct job *j, struct err *e)
{
	struct handoff_content *content = h->list;
	const char *path = NULL;

	if (j->component->deliver.kind != DRIVER_HANDOFF || !j->set || !j->key)
		return true;
	path = j->component->deliver.handoff->file;
	while (content < h->list + h->count && strcmp(content->path, path) != 0)
		content++;
	if (content == h->list + h->count) {
		content->path = path;
		h->count++;
		(void)!make_content(r, j, content, &content->error);
	}
	if (content->error.code) {
		*e = content->error;
		return false;
	}
	j->file = &content->file;
	j->content = &content->bytes;
	return true;
}

bool handoff_written(struct run *r, const struct job *j, struct err *e)
{
	return !j->file || written_end(r, j->component->deliver.handoff->file, e);
}

/* ---- files that nobody waits for any more ---- */

/* Whether the component has the pair: as its port shows, else as was said. */
static bool has_pair(struct run *r, const struct component *c, const char *fingerprint)
{
	const struct component_seen *seen = run_seen(r, c->name);

	if (component_is_provable(c, seen))
		return seen->now.evidence == EVIDENCE_HANDSHAKE &&
		       served_drift(&seen->now, fingerprint, NULL) == DRIFT_NONE;
	return text_equal(seen->handed_over, fingerprint) && !seen->activation_due;
}

static bool is_waited_for(struct run *r, const char *path, const char *fingerprint)
{
	const struct fleet *f = r->en->fleet;

	for (size_t i = 0; i < f->component_count; i++) {
		const struct component *c = &f->components[i];

		if (c->deliver.kind == DRIVER_HANDOFF && !strcmp(c->deliver.handoff->file, path) &&
		    !has_pair(r, c, fingerprint))
			return true;
	}
	return false;
}

static bool wipe_one(struct run *r, const struct written_file *record, struct err *e)
{
	AUTO(change) change = change_new(r->en->state);
	struct written_file at = *record;
	struct owned_file file;

	if (*at.path != '/')
		at.path = arena_printf(&r->arena, "%s/%s", r->en->fleet->directory, record->path);
	if (!record->handoff || is_waited_for(r, at.path, record->fingerprint))
		return true;
	file = written_owned(&at, &r->arena);
	if (!owned_file_wipe(&file, e))
		return false;
	change_forget_written(change, record->path);
	return state_commit(r->en->state, change, e);
}

void handoff_wipe(struct run *r)
{
	const struct written_file *all = NULL;
	size_t count = 0;
	struct err e = { 0 };

	if (!state_written(r->en->state, &r->arena, &all, &count, &e))
		engine_note(r->en, "warning: cannot look for files that were handed over: %s",
			    e.text);
	for (size_t i = 0; i < count; i++)
		if (!wipe_one(r, &all[i], &e))
			engine_note(r->en, "warning: the hand-off file '%s' stays: %s", all[i].path,
				    e.text);
}
