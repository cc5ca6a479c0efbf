/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/fs.h"
#include "engine/backup.h"
#include "engine/inside.h"
#include "engine/observe.h"
#include "pki/import.h"

struct generation generation_of_pair(const struct pair *p, struct arena *a)
{
	const struct cert_facts *f = &p->facts;

	return (struct generation){
		.fingerprint = arena_strdup(a, f->fingerprint),
		.spki = arena_strdup(a, f->spki),
		.chain = chain_digest(p->set.certs, p->set.count, a),
		.serial = arena_strdup(a, f->serial),
		.subject = arena_strdup(a, f->subject),
		.issuer = arena_strdup(a, f->issuer),
		.authority = "",
		.key = arena_strdup(a, f->key),
		.request = "",
		.not_before = f->not_before,
		.not_after = f->not_after,
	};
}

struct input_files {
	struct secret *files;
	size_t count;
};

static void input_files_release(struct input_files *i)
{
	for (size_t k = 0; k < i->count; k++)
		secret_release(&i->files[k]);
	free(i->files);
}
AUTO_STRUCT(input_files, struct input_files, input_files_release)

static bool read_password(struct engine *en, const struct import *import,
			  const struct secret **password, struct err *e)
{
	if (import->password.kind == SECRET_NONE)
		return true;
	if (engine_secret(en, &import->password, password, e))
		return true;
	/* An unset variable is as good as a file that is not there. */
	if (import->password.kind == SECRET_ENV)
		e->code = ERR_MISSING;
	return err_in(e, "cannot get the password");
}

bool observe_import(struct engine *en, const struct certificate *c, int64_t now,
		    struct pair *out, struct err *e)
{
	const struct import *import = &c->import;
	AUTO(input_files)
	in = { xcalloc(import->file_count, sizeof(*in.files)), 0 };
	const struct secret *password = NULL;
	AUTO(pair) pair = { 0 };

	for (; in.count < import->file_count; in.count++)
		if (!fs_read_secret(import->files[in.count], INPUT_FILE_LIMIT,
				    &in.files[in.count], e))
			return false;
	if (!read_password(en, import, &password, e))
		return false;

	struct import_input input = { .kind = import->kind,
				      .names = import->files,
				      .files = in.files,
				      .file_count = in.count,
				      .password = password };

	if (!import_read(&input, &pair, e) || !pair_lint(&pair, now, e)) {
		e->code = ERR_INPUT;
		return false;
	}
	*out = TAKE(pair);
	return true;
}

bool observe_imports(struct engine *en, struct snapshot *s, int64_t now,
		     struct err *e)
{
	VEC(struct import_seen) list = { 0 };

	for (size_t i = 0; i < en->fleet->certificate_count; i++) {
		const struct certificate *c = &en->fleet->certificates[i];
		struct import_seen seen = { .certificate = c->name };
		AUTO(pair) pair = { 0 };

		if (c->import.kind == IMPORT_NONE)
			continue;
		if (observe_import(en, c, now, &pair, e)) {
			seen.found = generation_of_pair(&pair, &s->arena);
			seen.found.owner = c->name;
			seen.found.source = SOURCE_IMPORTED;
		} else if (e->code == ERR_STOPPED) {
			return false;
		} else {
			seen.missing = e->code == ERR_MISSING;
			seen.error = arena_strdup(&s->arena, e->text);
		}
		VEC_PUSH(&list, &s->arena, seen);
	}
	s->imports = list.items;
	s->import_count = list.count;
	return true;
}
