/* SPDX-License-Identifier: Apache-2.0 */
#include "config/policy.h"

#include "base/fs.h"
#include "base/text.h"
#include "config/forms.h"
#include "config/values.h"
#include "config/writer.h"
#include "model/version.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void note_secret(struct loader *ld, const char *path)
{
	if (path)
		VEC_PUSH(&ld->secret_files, &ld->work, fs_absolute(&ld->work, path));
}

static bool read_secret(struct loader *ld, const struct field *f, const struct node *n, void *slot)
{
	struct secret_form form;
	struct secret_ref *out = slot;

	if (n->kind != NODE_LIST && n->kind != NODE_MAPPING)
		return config_error(
			ld, n,
			"'%s' is a reference, never the secret itself: {env: CERTFLEET_NAME}, {file: PATH} or {command: [...]}",
			f->key);
	if (n->kind == NODE_LIST)
		return wrong_kind(ld, f, n, "a mapping");
	if (!record_read(ld, f->param, n, &form))
		return false;
	note_secret(ld, form.file ? form.file : form.key_file);
	if (form.variable)
		*out = (struct secret_ref){ .kind = SECRET_ENV, .name = form.variable };
	else if (form.file)
		*out = (struct secret_ref){ .kind = SECRET_FILE, .name = form.file };
	else if (form.key_file)
		*out = (struct secret_ref){ .kind = SECRET_KEY_FILE, .name = form.key_file };
	else
		*out = (struct secret_ref){ .kind = SECRET_COMMAND, .argv = form.command };
	return true;
}

static bool read_key_ref(struct loader *ld, const struct field *f, const struct node *n, void *slot)
{
	struct secret_ref file = { .kind = SECRET_FILE };

	if (n->kind != NODE_TEXT)
		return read_secret(ld, f, n, slot);
	if (!value_path(ld, f, n, &file.name))
		return false;
	note_secret(ld, file.name);
	*(struct secret_ref *)slot = file;
	return true;
}

bool state_check(struct loader *ld, const struct node *n, void *out)
{
	const struct state_policy *s = out;
	const struct node *unsealed = node_find(n, "unsealed");

	if (s->unsealed && s->seal.kind != SECRET_NONE)
		return config_error(ld, unsealed, "'unsealed' and 'seal' contradict each other");
	return true;
}

/* Where the fleet file names the key, for who reads it. */
static const char *position_of(struct loader *ld, const struct node *n)
{
	const struct where w = source_where(ld, n->source, n->at);

	return arena_printf(&ld->fleet.arena, "%s:%" PRIu32 ":%" PRIu32,
			    ld->sources.items[n->source].name, w.line, w.column);
}

static bool check_signer_names(struct loader *ld, const struct node *n,
			       const struct approval_key *keys, size_t count)
{
	for (size_t i = 1; i < count; i++)
		for (size_t k = 0; k < i; k++)
			if (!strcasecmp(keys[k].name, keys[i].name))
				return config_error(
					ld, n,
					"signers '%s' and '%s': names are unique, upper and lower case being the same",
					shown(ld, keys[k].name), shown(ld, keys[i].name));
	return true;
}

bool approvals_check(struct loader *ld, const struct node *n, void *out)
{
	const struct approval_form *form = out;
	struct approval_key *keys = form->signers.list;
	const struct node *signers = node_find(n, "signers");

	if (form->policy.required > form->signers.count)
		return config_error(ld, node_find(n, "required"),
				    "'required' is more than there are 'signers'");
	if (!check_signer_names(ld, signers, keys, form->signers.count))
		return false;
	for (size_t i = 0; i < form->signers.count; i++)
		keys[i].at = position_of(ld, node_find(node_value(&signers->first[i]), "key"));
	if (form->signers.count)
		qsort(keys, form->signers.count, sizeof(*keys), text_compare);
	return true;
}

static bool read_state(struct loader *ld, const struct field *f, const struct node *n, void *slot)
{
	struct state_policy *out = slot;

	if (n->kind == NODE_TEXT)
		return value_path(ld, f, n, &out->path);
	if (n->kind != NODE_MAPPING)
		return wrong_kind(ld, f, n, "a path or a mapping");

	const char *usual = out->path;

	if (!record_read(ld, f->param, n, out))
		return false;
	if (!out->path)
		out->path = usual;
	return true;
}

static bool policy_check_passphrases(struct loader *ld, const struct node *n,
				     const struct backup_form *form)
{
	const struct secret_ref *refs = form->passphrases.list;

	for (size_t i = 0; i < form->passphrases.count; i++)
		for (size_t k = 0; k < i; k++)
			if (secret_ref_equal(&refs[i], &refs[k]))
				return config_error(ld, n, "the same passphrase twice");
	return true;
}

static bool read_backup(struct loader *ld, const struct field *f, const struct node *n, void *slot)
{
	struct backup_form form;
	struct backup_policy *out = slot;

	if (n->kind != NODE_MAPPING)
		return wrong_kind(ld, f, n, "a mapping");
	if (!record_read(ld, f->param, n, &form))
		return false;
	if (form.passphrases.count && form.policy.unencrypted)
		return config_error(ld, node_find(n, "unencrypted"),
				    "'unencrypted' and 'passphrase' contradict each other");
	if (!form.passphrases.count && !form.policy.unencrypted)
		return config_error(
			ld, n, "a backup needs 'passphrase'; or say openly 'unencrypted: true'");
	if (!policy_check_passphrases(ld, node_find(n, "passphrase"), &form))
		return false;
	if (!form.policy.directory)
		form.policy.directory = out->directory;
	*out = form.policy;
	out->copies = form.copies.list;
	out->copy_count = form.copies.count;
	out->passphrase_count = form.passphrases.count;
	if (form.passphrases.count)
		memcpy(out->passphrases, form.passphrases.list,
		       form.passphrases.count * sizeof(*out->passphrases));
	return true;
}

static bool read_percent(struct loader *ld, const struct field *f, const struct node *n,
			 struct share *out)
{
	size_t digits = strspn(n->text, "0123456789");
	unsigned percent = 0;

	for (size_t i = 0; i < digits && i < 4; i++)
		percent = percent * 10 + (unsigned)(n->text[i] - '0');
	if (!digits || digits > 3 || strcmp(n->text + digits, "%") || percent < 1 || percent > 100)
		return config_error(ld, n, "'%s' must be a number or 1%% to 100%%, not '%s'",
				    f->key, shown(ld, n->text));
	*out = (struct share){ percent, true };
	return true;
}

static bool read_share(struct loader *ld, const struct field *f, const struct node *n, void *slot)
{
	struct share *out = slot;

	if (n->kind == NODE_TEXT)
		return read_percent(ld, f, n, out);
	out->is_percent = false;
	return count_type.read(ld, f, n, &out->count);
}

/* The whole text is a version, except for a leading "v". */
static bool policy_is_version(struct loader *ld, const char *text)
{
	const char *found = version_in(text, &ld->work);
	size_t skip = *text == 'v' || *text == 'V';

	return found && !strcmp(found, text + skip);
}

bool version_check(struct loader *ld, const struct node *n, void *out)
{
	const struct version_form *form = out;
	const struct node *minimum = node_find(n, "minimum");

	if (!minimum || policy_is_version(ld, form->minimum))
		return true;
	return config_error(ld, minimum, "'minimum' must be a version such as \"1.20\", not '%s'",
			    shown(ld, form->minimum));
}

const struct field_type secret_type = { read_secret, SHAPE_RECORD, NULL, .words = "secret",
					.write = write_secret };
const struct field_type key_ref_type = { read_key_ref, SHAPE_TEXT_OR_RECORD, NULL,
					 .words = "path or secret", .write = write_secret };
const struct field_type state_type = { read_state, SHAPE_TEXT_OR_RECORD, NULL,
				       .words = "path or mapping", .write = write_nested };
const struct field_type backup_type = { read_backup, SHAPE_RECORD, NULL };
const struct field_type share_type = { read_share, SHAPE_COUNT_OR_TEXT, "^([1-9]|[1-9][0-9]|100)%$",
				       .words = "number or percentage" };
