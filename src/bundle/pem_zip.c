/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/pem_zip.h"

#include "base/alloc.h"
#include "base/text.h"
#include "base/vec.h"
#include "bundle/bundle.h"
#include "bundle/zip_walk.h"

#include <archive_entry.h>
#include <stdlib.h>
#include <string.h>

void pem_zip_release(struct pem_zip *z)
{
	for (size_t i = 0; i < z->count; i++)
		secret_release(&z->files[i]);
	free(z->files);
	arena_release(&z->arena);
	*z = (struct pem_zip){ 0 };
}

/* ---- decoder process ---- */

static const char pem_zip_remedy[] = "make the ZIP again from the files alone";

static bool ends_with(const char *name, const char *end)
{
	size_t len = strlen(name);

	return len >= strlen(end) && !strcmp(name + len - strlen(end), end);
}

/* Whether an unpacked entry would lie outside of the folder it is unpacked into. */
static bool name_leads_out(const char *name)
{
	if (*name == '/')
		return true;
	for (const char *part = name; part; part = strchr(part, '/')) {
		part += *part == '/';
		if (!strncmp(part, "..", 2) && (!part[2] || part[2] == '/'))
			return true;
	}
	return false;
}

/* A folder is a name and nothing more. */
static bool is_plain_folder(struct archive_entry *head, const char *name)
{
	return archive_entry_filetype(head) == AE_IFDIR && ends_with(name, "/") &&
	       archive_entry_size(head) == 0;
}

/* Why the entry is not taken, its remedy included; NULL: it is. */
static const char *entry_refusal(const struct zip_walk *w, struct archive_entry *head,
				 const char *name, bool pem_only)
{
	if (archive_entry_is_encrypted(head))
		return "is protected by a password, which is not supported; make the ZIP again without one";
	if (archive_entry_symlink(head) || archive_entry_hardlink(head))
		return "is a link; put the file itself into the ZIP";
	if (name_leads_out(name))
		return "leads out of the archive; make the ZIP again from the files alone";
	if (is_plain_folder(head, name))
		return NULL;
	if (archive_entry_filetype(head) != AE_IFREG)
		return "is neither a file nor a plain folder; make the ZIP again from the files alone";
	if (pem_only && !ends_with(name, ".pem"))
		return "does not end in '.pem'; leave nothing but .pem files in the ZIP";
	if (!zip_walk_method_is_allowed(w))
		return "is packed by a method that is neither 'store' nor 'deflate'; make the ZIP again with 'zip'";
	return archive_entry_size_is_set(head)
		       ? NULL
		       : "does not say its size; make the ZIP again with 'zip'";
}

static bool pem_zip_add_file(struct zip_walk *w, struct archive_entry *head, const char *name,
			     struct buf *answer, struct err *e)
{
	AUTO(buf) content = { .limit = PEM_ZIP_UNPACKED_LIMIT };

	if (!zip_walk_read(w, head, &content, e))
		return err_remedy(e, pem_zip_remedy);
	span_add(answer, name, strlen(name) + 1);
	span_add(answer, buf_text(&content), content.len);
	return true;
}

static bool pem_zip_take_entry(struct zip_walk *w, struct archive_entry *head, bool pem_only,
			       struct buf *answer, struct err *e)
{
	const char *name = archive_entry_pathname(head);
	AUTO(buf) shown = { 0 };

	if (!name)
		return err_set(e, ERR_INPUT,
			       "an entry has no name; make the ZIP again from the files alone");

	const char *refusal = entry_refusal(w, head, name, pem_only);

	text_escape(&shown, name, strlen(name));
	if (refusal)
		return err_set(e, ERR_INPUT, "entry '%s' %s", buf_text(&shown), refusal);
	return archive_entry_filetype(head) == AE_IFDIR ||
	       pem_zip_add_file(w, head, name, answer, e);
}

static bool refuse_empty(struct err *e)
{
	return err_set(
		e, ERR_INPUT,
		"it holds no file; put the files of the certificate, its chain and its key into it");
}

static bool begins_with(struct bytes zip, const char signature[4])
{
	return zip.len >= 4 && !memcmp(zip.data, signature, 4);
}

bool pem_zip_decode(const struct span *in, size_t count, struct buf *answer, struct err *e)
{
	const struct bytes zip = { count ? in->bytes : "", count ? in->len : 0 };
	const bool pem_only = count > 1 && in[1].len;
	AUTO(zip_walk) w = { 0 };
	struct archive_entry *head = NULL;

	/* the end of an empty directory, which libarchive does not know */
	if (begins_with(zip, "PK\5\6"))
		return refuse_empty(e);
	if (!begins_with(zip, "PK\3\4"))
		return err_set(
			e, ERR_INPUT,
			"it is not a ZIP archive; name the file in 'file', which takes any form");
	if (!zip_walk_open(&w, zip, NULL, PEM_ZIP_UNPACKED_LIMIT, e))
		return err_remedy(e, pem_zip_remedy);
	for (size_t entries = 0;; entries++) {
		if (!zip_walk_next(&w, &head, e))
			return err_remedy(e, pem_zip_remedy);
		if (!head)
			break;
		if (entries == PEM_ZIP_ENTRY_LIMIT)
			return err_set(
				e, ERR_INPUT,
				"it has more than %d entries; leave nothing but the certificate, its chain and its key in it",
				PEM_ZIP_ENTRY_LIMIT);
		if (!pem_zip_take_entry(&w, head, pem_only, answer, e))
			return false;
	}
	return answer->len > 0 || refuse_empty(e);
}

/* ---- parent process ---- */

/* The bytes are a stranger's: names end with their NUL, and none is there twice. */
static bool pem_zip_read_answer(const struct secret *answer, struct pem_zip *out, struct err *e)
{
	AUTO(pem_zip) z = { .files = xcalloc(PEM_ZIP_ENTRY_LIMIT, sizeof(*z.files)) };
	const char **names = arena_array(&z.arena, PEM_ZIP_ENTRY_LIMIT, sizeof(*names));
	struct span rest = { answer->bytes, answer->len };
	struct span name = { 0 };
	struct span file = { 0 };

	z.names = names;
	while (rest.len) {
		if (z.count == PEM_ZIP_ENTRY_LIMIT || !span_take(&rest, &name) || !name.len ||
		    memchr(name.bytes, '\0', name.len) != (const char *)name.bytes + name.len - 1 ||
		    !span_take(&rest, &file))
			return err_set(e, ERR_INPUT, "the decoding process ended unexpectedly");
		names[z.count] = arena_strdup(&z.arena, name.bytes);
		for (size_t i = 0; i < z.count; i++)
			if (!strcmp(names[i], names[z.count]))
				return err_set(e, ERR_INPUT, "entry '%s' is there twice; leave one",
					       text_escaped(&z.arena, names[i]));
		secret_copy(&z.files[z.count++], file.bytes, file.len);
	}
	*out = TAKE(z);
	return true;
}

bool pem_zip_read(struct bytes zip, bool pem_only, struct pem_zip *out, struct err *e)
{
	const struct span in[] = { { zip.data, zip.len }, { "p", pem_only } };
	const struct decode d = { .fn = pem_zip_decode, .in = in, .count = 2 };
	AUTO(secret) answer = { 0 };

	return decoder_run(&d, &answer, e) && pem_zip_read_answer(&answer, out, e);
}
