/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/observe.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/stop.h"
#include "crypto/crypto.h"
#include "engine/backup.h"
#include "engine/internal.h"
#include "engine/written.h"
#include "state/enrolment_records.h"

#include <stdlib.h>
#include <string.h>

static bool observe_state(struct engine *en, struct snapshot *s, struct err *e)
{
	s->lineage = "";
	/* A state nothing was ever written to is one that an apply made. */
	if (!en->state || state_serial(en->state) == 0) {
		s->orphan_bundle = backup_orphan(en, &s->arena);
		s->missing_lineage =
			en->missing_lineage ? arena_strdup(&s->arena, en->missing_lineage) : NULL;
		return true;
	}
	s->state_exists = true;
	s->newer_bundle = backup_newer(en, &s->arena);
	s->lineage = arena_strdup(&s->arena, state_lineage(en->state));
	s->serial = state_serial(en->state);
	return state_reach(en->state, &s->arena, &s->reached, &s->reached_count, e) &&
	       state_accepted(en->state, &s->arena, &s->accepted, &s->accepted_count, e) &&
	       state_generations(en->state, &s->arena, &s->generations, &s->generation_count, e) &&
	       state_enrolled(en->state, &s->arena, &s->agents, &s->agent_count, e);
}

/* What may not be looked at is taken to be as it was left. */
static bool is_current(struct engine *en, const struct snapshot *s, const struct issuer *i,
		       struct authority_watch *w)
{
	const struct generation *newest = snapshot_newest(s, OF_ISSUER, i->name);
	AUTO(arena) a = { 0 };
	AUTO(secret) file = { 0 };
	AUTO(buf) wanted = { 0 };
	struct cert_set set = { 0 };
	struct err ignored = { 0 };

	if (!i->publish)
		return false;
	if (!engine_may_look(en, i->publish))
		return newest != NULL;
	if (!engine_read(en, i->publish, INPUT_FILE_LIMIT, &file, &ignored))
		return false;
	authority_watch_file(w, i->publish, &file);
	if (!newest || !observed_certificates(en, s, newest, &a, &set))
		return false;
	pem_add_certs(&wanted, set.certs, set.count);
	return file.len == wanted.len && !memcmp(file.bytes, buf_text(&wanted), file.len);
}

/* Why a step could not write there, before the first one; NULL: it can, as far as is seen. */
static const char *observe_unwritable(const struct engine *en, const char *path,
				      bool may(const char *, struct err *), struct arena *a)
{
	struct err e = { 0 };

	return !path || engine_is_confined(en) || may(path, &e) ? NULL : arena_strdup(a, e.text);
}

static void observe_published(struct engine *en, struct snapshot *s, struct authority_watch *w)
{
	VEC(struct publish_seen) list = { 0 };

	for (size_t i = 0; i < en->fleet->issuer_count; i++) {
		const struct issuer *issuer = &en->fleet->issuers[i];

		VEC_PUSH(&list, &s->arena,
			 (struct publish_seen){
				 .issuer = issuer->name,
				 .current = is_current(en, s, issuer, w),
				 .unwritable = observe_unwritable(en, issuer->publish,
								  fs_may_replace, &s->arena),
			 });
	}
	s->published = list.items;
	s->publish_count = list.count;
}

/* One row for every component of the file, and for those only known. */
static void merge_components(const struct fleet *f, struct snapshot *s,
			     const struct component_seen *known, size_t count)
{
	struct component_seen *rows =
		arena_array(&s->arena, count + f->component_count, sizeof(*rows));
	size_t made = 0;
	size_t k = 0;

	for (size_t i = 0; i < f->component_count; i++) {
		const char *name = f->components[i].name;

		while (k < count && strcmp(known[k].name, name) < 0)
			rows[made++] = known[k++];
		if (k < count && !strcmp(known[k].name, name))
			rows[made++] = known[k++];
		else
			rows[made++].name = name;
	}
	while (k < count)
		rows[made++] = known[k++];
	s->components = rows;
	s->component_count = made;
}

/* Else a plan of a fresh checkout would only say that nobody was reached. */
static void presume_online(struct snapshot *s)
{
	struct component_seen *rows = (struct component_seen *)s->components;

	for (size_t i = 0; i < s->component_count; i++)
		rows[i].now.online |= !rows[i].now.observed_at;
}

/* The state as it is; the components that it knows. */
static bool observe_known(struct engine *en, struct snapshot *s,
			  const struct component_seen **known, size_t *count, struct err *e)
{
	if (!observe_state(en, s, e) ||
	    (s->state_exists && !state_components(en->state, &s->arena, known, count, e)))
		return err_in(e, "cannot read the state");
	observe_renamed(en->fleet, s, *known, *count);
	return true;
}

bool engine_recall(struct engine *en, int64_t now, struct snapshot *out, struct err *e)
{
	AUTO(snapshot) s = { .observed_at = now };
	const struct component_seen *known = NULL;
	size_t count = 0;

	if (!observe_known(en, &s, &known, &count, e))
		return false;
	merge_components(en->fleet, &s, known, count);
	*out = TAKE(s);
	return true;
}

bool engine_observe(struct engine *en, bool offline, int64_t now, struct snapshot *out,
		    struct err *e)
{
	AUTO(snapshot) s = { .observed_at = now };
	const struct component_seen *known = NULL;
	size_t count = 0;

	if (!observe_known(en, &s, &known, &count, e))
		return false;
	if (!backup_observe(en, &s, e) || !observe_imports(en, &s, e))
		return false;
	if (!observe_approvals(en, &s, e) || !observe_trust(en, &s, e) ||
	    !observe_source(en, &s, e) || !observe_written(en, &s, e))
		return false;
	observe_client_views(en, &s);

	struct authority_watch *w = authority_watch_new(en, &s);

	observe_operator(en, w, &s);
	observe_published(en, &s, w);
	s.backup_unwritable = observe_unwritable(en, en->fleet->backup.directory,
						 fs_may_make_private_dir, &s.arena);
	merge_components(en->fleet, &s, known, count);
	activations_observe(en, &s);
	if (engine_is_confined(en))
		presume_online(&s);
	else if (!offline && !observe_components(en, &s, w, e))
		return false;
	observe_handoffs(en, &s);
	/* A component that was cut off must not be taken for an offline one. */
	if (stop_requested())
		return err_set(e, ERR_STOPPED,
			       "stopped before every component was looked at; nothing was changed");
	authority_watch_end(w, &s);
	*out = TAKE(s);
	return true;
}

const char *engine_spec_digest(const char *canonical, const struct snapshot *s, struct arena *a)
{
	AUTO(buf) text = { 0 };
	char digest[SHA256_TEXT];

	buf_puts(&text, canonical);
	for (size_t i = 0; i < s->import_count; i++) {
		const struct import_seen *seen = &s->imports[i];

		if (seen->unopened && seen->found.file)
			buf_printf(&text, "import %s file %s\n", seen->certificate,
				   seen->found.file);
		else if (import_is_known(seen))
			buf_printf(&text, "import %s %s\n", seen->certificate,
				   seen->found.fingerprint);
	}
	for (size_t i = 0; i < s->trusted_count; i++)
		buf_printf(&text, "trust %s %s\n", s->trusted[i].path,
			   s->trusted[i].digest ? s->trusted[i].digest : "unread");
	for (size_t i = 0; s->approvals_asked && i < s->approvals_asked->signer_count; i++)
		buf_printf(&text, "signer %s %s\n", s->approvals_asked->signers[i].name,
			   s->approvals_asked->signers[i].key);
	sha256_text(buf_text(&text), text.len, digest);
	return arena_strdup(a, digest);
}
