/* SPDX-License-Identifier: Apache-2.0 */
/* What the files hold that say whom we believe: a plan is for these. */
#include "base/alloc.h"
#include "base/fs.h"
#include "base/text.h"
#include "crypto/crypto.h"
#include "engine/agents_ca.h"
#include "engine/internal.h"
#include "engine/observe.h"
#include "model/http_spec.h"

#include <stdlib.h>
#include <string.h>

enum {
	TRUST_FILE_LIMIT = 16 * 1024 * 1024 /* all hosts of a company */
};

struct trust_list {
	struct arena *arena;
	const char *directory;
	VEC(struct trust_seen) list;
};

static void observe_trust_add_file(struct trust_list *t, const char *path)
{
	size_t count = t->list.count;

	/* those of a group stand side by side */
	if (path && (!count || strcmp(t->list.items[count - 1].file, path) != 0))
		VEC_PUSH(&t->list, t->arena,
			 (struct trust_seen){ fs_beneath(t->directory, path), path, NULL });
}

static int by_path(const void *left, const void *right)
{
	const struct trust_seen *l = left;
	const struct trust_seen *r = right;

	return strcmp(l->path, r->path);
}

/* The hash of a short secret would tell it to whoever reads the plan. */
static bool holds_keys(const struct secret *file)
{
	static const char *const marks[] = { "-----BEGIN ", "ssh-", "ecdsa-sha2-", NULL };

	for (const char *const *m = marks; *m; m++)
		if (bytes_find(file->bytes, file->len, *m))
			return true;
	return false;
}

/* What cannot be read is told where it is used. */
static bool observe_trust_read_file(struct engine *en, const struct snapshot *s,
				    struct trust_list *t, struct trust_seen *seen, struct err *e)
{
	const char *agents_ca = en->fleet->access.agent.ca;
	AUTO(secret) file = { 0 };
	struct err why = { 0 };
	char digest[SHA256_TEXT];

	if (!engine_may_look(en, seen->file)) {
		engine_note(
			en,
			"'%s' lies outside of the fleet file's directory: what it holds is not part of this plan",
			seen->path);
		return true;
	}
	if (!engine_read(en, seen->file, TRUST_FILE_LIMIT, &file, &why) ||
	    (engine_is_confined(en) && !holds_keys(&file)))
		return true;
	sha256_text(file.bytes, file.len, digest);
	seen->digest = arena_strdup(t->arena, digest);
	return !agents_ca || strcmp(agents_ca, seen->file) != 0 ||
	       agents_ca_check(en, &file, s->generations, s->generation_count, e);
}

bool observe_trust(struct engine *en, struct snapshot *s, struct err *e)
{
	const struct fleet *f = en->fleet;
	struct trust_list t = { .arena = &s->arena, .directory = f->directory };
	size_t kept = 0;

	observe_trust_add_file(&t, f->access.agent.ca);
	observe_trust_add_file(&t, f->access.ssh.known_hosts);
	for (size_t i = 0; i < f->backup.copy_count; i++)
		if (f->backup.copies[i].web)
			observe_trust_add_file(&t, f->backup.copies[i].web->ca);
	for (size_t i = 0; i < f->certificate_count; i++)
		observe_trust_add_file(&t, f->certificates[i].trust.file);
	for (size_t i = 0; i < f->component_count; i++) {
		const struct component *c = &f->components[i];

		if (c->deliver.access)
			observe_trust_add_file(&t, c->deliver.access->ca);
		if (c->activate.http)
			observe_trust_add_file(&t, c->activate.http->access.ca);
		for (size_t k = 0; k < c->verify_count; k++)
			observe_trust_add_file(&t, c->verify[k].trust);
	}
	if (t.list.count)
		qsort(t.list.items, t.list.count, sizeof(*t.list.items), by_path);
	for (size_t i = 0; i < t.list.count; i++)
		if (!kept || by_path(&t.list.items[kept - 1], &t.list.items[i]) != 0)
			t.list.items[kept++] = t.list.items[i];
	for (size_t i = 0; i < kept; i++)
		if (!observe_trust_read_file(en, s, &t, &t.list.items[i], e))
			return false;
	s->trusted = t.list.items;
	s->trusted_count = kept;
	return true;
}
