/* SPDX-License-Identifier: Apache-2.0 */
#include "config/certificate_types.h"

#include "config/forms.h"
#include "config/values.h"

#include <string.h>

static bool read_renew(struct loader *ld, const struct field *f, const struct node *n, void *slot)
{
	struct renew_before *out = slot;
	size_t digits = n->kind == NODE_TEXT ? strspn(n->text, "0123456789") : 0;

	if (!digits || strcmp(n->text + digits, "%")) {
		struct renew_before rb = { 0 };

		if (!value_duration(ld, f, n, &rb.seconds))
			return false;
		*out = rb;
		return true;
	}
	if (digits > 2 || *n->text == '0')
		return config_error(ld, n, "'%s' must be 1%% to 99%%, not '%s'", f->key,
				    shown(ld, n->text));
	out->seconds = 0;
	out->percent = (unsigned)(*n->text - '0');
	if (digits == 2)
		out->percent = out->percent * 10 + (unsigned)(n->text[1] - '0');
	return true;
}

static bool read_spread(struct loader *ld, const struct field *f, const struct node *n, void *slot)
{
	bool scalar = n->kind == NODE_TEXT || n->kind == NODE_INTEGER;
	size_t digits = scalar ? strspn(n->text, "0123456789") : 0;
	unsigned percent = 0;

	if (!scalar)
		return wrong_kind(ld, f, n, "a percentage, or 0");
	for (size_t i = 0; i < digits && i < 4; i++)
		percent = percent * 10 + (unsigned)(n->text[i] - '0');
	if (strcmp(n->text, "0") != 0 &&
	    (!digits || digits > 3 || strcmp(n->text + digits, "%") != 0 || percent > 100))
		return config_error(ld, n, "'%s' must be 0, or 1%% to 100%%, not '%s'", f->key,
				    shown(ld, n->text));
	*(unsigned *)slot = percent;
	return true;
}

static bool read_purpose(struct loader *ld, const struct field *f, const struct node *n, void *slot)
{
	const struct list_of *of = f->param;
	unsigned purpose = 0;
	bool good = true;

	if (n->kind != NODE_LIST)
		return list_type.read(ld, f, n, slot);
	if (!n->count)
		return config_error(ld, n, "'%s' is empty", f->key);
	node_items(item, n)
	{
		unsigned choice = 0;

		good &= field_read(ld, of->item, node_value(item), &choice);
		purpose |= 1u << choice;
	}
	if (good)
		*(unsigned *)slot = purpose;
	return good;
}

static void import_files(struct import *out, enum import_kind kind, const struct items *files)
{
	if (!files->count)
		return;
	out->kind = kind;
	out->files = files->list;
	out->file_count = files->count;
}

static void import_one_file(struct loader *ld, struct import *out, enum import_kind kind,
			    const char *path)
{
	const char **files = NULL;

	if (!path)
		return;
	files = arena_array(&ld->fleet.arena, 1, sizeof(*files));
	files[0] = path;
	import_files(out, kind, &(const struct items){ files, 1 });
}

static bool certificate_types_read_import(struct loader *ld, const struct field *f,
					  const struct node *n, void *slot)
{
	struct import_form form;
	struct import *out = slot;

	if (n->kind != NODE_MAPPING) {
		const char *path = NULL;

		if (n->kind == NODE_LIST)
			return wrong_kind(ld, f, n, "a path or a mapping");
		if (!value_path(ld, f, n, &path))
			return false;
		import_one_file(ld, out, IMPORT_FILE, path);
		return true;
	}
	if (!record_read(ld, f->param, n, &form))
		return false;
	if (!!form.file.count + !!form.pem.count + !!form.der.count + !!form.pkcs12 + !!form.zip !=
	    1)
		return config_error(
			ld, n,
			"exactly one of 'file', 'pem', 'der', 'pkcs12', 'zip' is expected here");
	out->password = form.password;
	import_files(out, IMPORT_FILE, &form.file);
	import_files(out, IMPORT_PEM, &form.pem);
	import_files(out, IMPORT_DER, &form.der);
	import_one_file(ld, out, IMPORT_PKCS12, form.pkcs12);
	import_one_file(ld, out, IMPORT_ZIP, form.zip);
	return true;
}

static bool read_import_trust(struct loader *ld, const struct field *f, const struct node *n,
			      void *slot)
{
	struct import_trust *out = slot;

	if (!value_raw(ld, f, n))
		return false;
	*out = (struct import_trust){ .kind = !strcmp(n->text, "system") ? TRUST_SYSTEM
					      : !strcmp(n->text, "none") ? TRUST_NONE
									 : TRUST_FILE };
	return out->kind != TRUST_FILE || value_path(ld, f, n, &out->file);
}

/* What an import cannot say, because its certificate says it. */
static bool check_import(struct loader *ld, const struct node *n)
{
	static const char *const keys[] = { "subject",      "issuer", "names",  "validity", "key",
					    "key_rotation", "per",    "spread", NULL };
	bool good = true;

	for (const char *const *key = keys; *key; key++) {
		const struct node *value = node_find(n, *key);

		if (value)
			good = config_error(ld, value, "'%s' and 'import' exclude each other",
					    *key);
	}
	return good;
}

/* Whatever else would say what the certificate is: the product alone does. */
static bool certificate_check_builtin(struct loader *ld, const struct node *n)
{
	bool good = true;

	node_pairs(key, n)
	{
		if (!strcmp(key->text, "builtin") || !strcmp(key->text, "was"))
			continue;
		good = config_error(ld, pair_value(key), "'%s' and 'builtin' exclude each other",
				    key->text);
	}
	if (ld->fleet.topology != TOPOLOGY_APPMON)
		good = config_error(ld, node_find(n, "builtin"),
				    "'builtin' is for 'topology: appmon' only");
	return good;
}

bool certificate_check(struct loader *ld, const struct node *n, void *out)
{
	const struct certificate_form *form = out;
	const struct certificate *c = &form->certificate;
	bool good = true;

	if (c->builtin)
		return certificate_check_builtin(ld, n);
	if (c->import.kind != IMPORT_NONE)
		return check_import(ld, n);
	if (node_find(n, "trust"))
		good = config_error(ld, node_find(n, "trust"), "'trust' is for an import only");
	if (!form->subject)
		good = config_error(ld, n, "missing key 'subject', or 'import'");
	if (!form->issuer)
		good = config_error(ld, n, "missing key 'issuer', or 'import'");
	if (c->renew_before.seconds >= c->validity)
		warn(ld, node_find(n, "renew_before"),
		     "'renew_before' is not shorter than 'validity'; a third of that is used instead");
	return good;
}

const struct field_type renew_type = { read_renew, SHAPE_TEXT, "^([0-9]+[smhdwy]|[1-9][0-9]?%)$",
				       .words = "duration or percentage" };
const struct field_type spread_type = { read_spread, SHAPE_COUNT_OR_TEXT,
					"^([0-9]|[1-9][0-9]|100)%$", .words = "percentage, or 0" };
const struct field_type purpose_type = { read_purpose, SHAPE_LIST, NULL };
const struct field_type import_trust_type = { read_import_trust, SHAPE_TEXT, NULL, GRAMMAR_PATH,
					      .words = "path, system or none" };
const struct field_type import_type = { certificate_types_read_import, SHAPE_TEXT_OR_RECORD, NULL,
					GRAMMAR_PATH, .words = "path or mapping" };
