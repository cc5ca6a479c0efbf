/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/text.h"
#include "bundle/pem_zip.h"
#include "engine/backup.h"
#include "engine/internal.h"
#include "engine/observe.h"
#include "pki/import.h"

#include <string.h>

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

static bool observe_import_read_files(const struct engine *en, const struct import *import,
				      struct input_files *in, struct err *e)
{
	in->files = xcalloc(import->file_count, sizeof(*in->files));
	for (; in->count < import->file_count; in->count++)
		if (!engine_read(en, import->files[in->count], INPUT_FILE_LIMIT,
				 &in->files[in->count], e))
			return false;
	return true;
}

/* Of one file as sha256sum prints it; of several the hash of their hashes. */
static void hash_files(const struct input_files *in, char file[SHA256_TEXT])
{
	AUTO(buf) hashes = { 0 };

	for (size_t i = 0; i < in->count; i++) {
		sha256_text(in->files[i].bytes, in->files[i].len, file);
		buf_printf(&hashes, "%s\n", file);
	}
	if (in->count > 1)
		sha256_text(buf_text(&hashes), hashes.len, file);
}

static bool read_password(struct engine *en, const struct import *import,
			  const struct secret **password, struct err *e)
{
	if (import->password.kind == SECRET_NONE)
		return true;
	if (engine_secret(en, &import->password, password, e))
		return true;
	if (e->code != ERR_STOPPED)
		e->code = ERR_MISSING;
	return err_in(e, "cannot get the password");
}

static bool is_archive(const struct import_input *in)
{
	return in->kind == IMPORT_ZIP ||
	       (in->kind == IMPORT_FILE && in->file_count == 1 &&
		file_form_of(in->files->bytes, in->files->len) == FORM_ZIP);
}

/* The files of a ZIP take its place; they stay in `unpacked`. */
static bool unpack_import(struct import_input *input, struct pem_zip *unpacked, struct err *e)
{
	const struct bytes zip = { input->files->bytes, input->files->len };

	if (!is_archive(input))
		return true;
	input->kind = IMPORT_ZIP;
	if (!pem_zip_read(zip, input->wizard, unpacked, e))
		return err_in(e, "cannot import '%s'",
			      text_escaped(&unpacked->arena, *input->names));
	input->archive = *input->names;
	input->names = unpacked->names;
	input->files = unpacked->files;
	input->file_count = unpacked->count;
	return true;
}

/*
 * Linted at `now`; ERR_MISSING: file or password.  The hash of the files is set also
 * when what is in them cannot be read.
 */
static bool observe_import_read_import(struct engine *en, const struct certificate *c, int64_t now,
				       struct imported *out, const char **refusal, struct err *e)
{
	const struct import *import = &c->import;
	AUTO(input_files) in = { 0 };
	AUTO(pem_zip) unpacked = { 0 };
	const struct secret *password = NULL;

	if (!observe_import_read_files(en, import, &in, e) ||
	    !read_password(en, import, &password, e))
		return false;

	struct import_input input = { .kind = import->kind,
				      .names = import->files,
				      .files = in.files,
				      .file_count = in.count,
				      .password = password,
				      .wizard = import->wizard,
				      .at = now };

	hash_files(&in, out->file);
	if (unpack_import(&input, &unpacked, e) &&
	    import_read_linted(&input, &out->pair, refusal, e))
		return true;
	if (e->code != ERR_STOPPED)
		e->code = ERR_INPUT;
	return false;
}

/* ---- what was read is kept ---- */

struct import_slot {
	struct import_slot *next;
	const struct certificate *certificate;
	struct imported imported;
};

void engine_forget_imports(struct engine *en)
{
	while (en->imports) {
		struct import_slot *slot = en->imports;

		en->imports = slot->next;
		imported_release(&slot->imported);
		free(slot);
	}
}

bool observed_import(const struct engine *en, const struct certificate *c,
		     const struct imported **out, struct err *e)
{
	const struct import_slot *slot = en->imports;
	AUTO(input_files) in = { 0 };
	char file[SHA256_TEXT];

	while (slot && slot->certificate != c)
		slot = slot->next;
	if (!slot)
		return err_set(e, ERR_STALE, "it was not read when the plan was made; plan again");
	if (!observe_import_read_files(en, &c->import, &in, e))
		return false;
	hash_files(&in, file);
	if (strcmp(file, slot->imported.file) != 0)
		return err_set(e, ERR_STALE,
			       "its file changed since the plan was made; plan again");
	*out = &slot->imported;
	return true;
}

struct generation generation_of_import(const struct imported *i, const struct certificate *c,
				       struct arena *a)
{
	struct generation g = generation_of_pair(&i->pair, a);

	g.owner = c->name;
	g.source = SOURCE_IMPORTED;
	g.file = arena_strdup(a, i->file);
	return g;
}

/* ---- all of them ---- */

static bool look_inside(struct engine *en, const struct certificate *c, struct snapshot *s,
			struct import_seen *seen, struct err *e)
{
	AUTO(imported) found = { 0 };
	struct import_slot *slot = NULL;
	const char *refusal = NULL;

	if (!observe_import_read_import(en, c, s->observed_at, &found, &refusal, e)) {
		seen->missing = e->code == ERR_MISSING;
		seen->error = arena_strdup(&s->arena, e->text);
		seen->found.file = *found.file ? arena_strdup(&s->arena, found.file) : NULL;
		return e->code != ERR_STOPPED && err_ignore(e, e->code);
	}
	seen->found = generation_of_import(&found, c, &s->arena);
	/* of one that is in the state the planner judges the dates */
	if (refusal && !snapshot_same_import(s, c->name, &seen->found)) {
		seen->error = arena_strdup(&s->arena, refusal);
		return true;
	}
	slot = xcalloc(1, sizeof(*slot));
	slot->next = en->imports;
	slot->certificate = c;
	slot->imported = TAKE(found);
	en->imports = slot;
	return true;
}

/* The newest generation that came from these files; NULL: none. */
static const struct generation *imported_from(const struct snapshot *s, const char *owner,
					      const char *file)
{
	const struct generation *found = NULL;

	for (size_t i = 0; i < s->generation_count; i++) {
		const struct generation *g = &s->generations[i];

		if (g->of == OF_CERTIFICATE && !strcmp(g->owner, owner) && g->file &&
		    !strcmp(g->file, file))
			found = g;
	}
	return found;
}

/* Only what begins like a pair is hashed: a hash of a short secret tells it. */
static bool looks_like_import(enum import_kind kind, const struct secret *file)
{
	enum file_form form = file_form_of(file->bytes, file->len);

	switch (kind) {
	case IMPORT_FILE:
		return form != FORM_UNKNOWN;
	case IMPORT_PEM:
		return form == FORM_PEM;
	case IMPORT_DER:
		return form == FORM_CERT || form == FORM_KEY || form == FORM_SEALED_KEY ||
		       form == FORM_PKCS7;
	case IMPORT_PKCS12:
		return form == FORM_PKCS12;
	case IMPORT_ZIP:
		return form == FORM_ZIP;
	case IMPORT_NONE:
		break;
	}
	return false;
}

static bool are_pairs(const struct import *import, const struct input_files *in)
{
	for (size_t i = 0; i < in->count; i++)
		if (!looks_like_import(import->kind, &in->files[i]))
			return false;
	return true;
}

static void look_at_files(struct engine *en, const struct certificate *c, struct snapshot *s,
			  struct import_seen *seen)
{
	AUTO(input_files) in = { 0 };
	struct err e = { 0 };
	char file[SHA256_TEXT];

	seen->unopened = true;
	if (!observe_import_read_files(en, &c->import, &in, &e)) {
		seen->missing = e.code == ERR_MISSING;
		seen->error = arena_strdup(&s->arena, e.text);
		if (!seen->missing)
			engine_note(en, "import '%s' is not looked at: %s", c->name, e.text);
		return;
	}
	if (!are_pairs(&c->import, &in)) {
		seen->unopened = false;
		seen->error = "a file of it is neither PEM, DER, PKCS#12 nor a ZIP archive";
		return;
	}
	hash_files(&in, file);

	const struct generation *known = imported_from(s, c->name, file);

	if (known)
		seen->found = *known;
	else
		seen->found.file = arena_strdup(&s->arena, file);
	seen->unopened = !known;
}

bool observe_imports(struct engine *en, struct snapshot *s, struct err *e)
{
	VEC(struct import_seen) list = { 0 };

	engine_forget_imports(en);
	for (size_t i = 0; i < en->fleet->certificate_count; i++) {
		const struct certificate *c = &en->fleet->certificates[i];
		struct import_seen seen = { .certificate = c->name };

		if (c->import.kind == IMPORT_NONE)
			continue;
		if (engine_is_confined(en))
			look_at_files(en, c, s, &seen);
		else if (!look_inside(en, c, s, &seen, e))
			return false;
		VEC_PUSH(&list, &s->arena, seen);
	}
	s->imports = list.items;
	s->import_count = list.count;
	return true;
}
