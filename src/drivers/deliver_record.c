/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/deliver_record.h"

#include "base/alloc.h"
#include "drivers/driver_table.h"

#include <string.h>

/* Exactly one member is set. */
struct secret_words {
	const char *env;
	const char *file;
	const char *const *command;
};

static const struct member secret_words_members[] = {
	TEXT_MEMBER("env", struct secret_words, env, .absent = ABSENT_OMITTED),
	TEXT_MEMBER("file", struct secret_words, file, .absent = ABSENT_OMITTED),
	WORDS_MEMBER("command", struct secret_words, command, .absent = ABSENT_OMITTED),
	{ 0 },
};

json_t *write_secret_ref(const void *slot, size_t index)
{
	const struct secret_ref *s = slot;
	struct secret_words words = { 0 };

	(void)index;
	switch (s->kind) {
	case SECRET_NONE:
	case SECRET_KEY_FILE:
		return NULL;
	case SECRET_ENV:
		words.env = s->name;
		break;
	case SECRET_FILE:
		words.file = s->name;
		break;
	case SECRET_COMMAND:
		words.command = s->argv;
		break;
	}
	return json_encode(secret_words_members, &words);
}

bool read_secret_ref(const json_t *value, struct arena *a, void *slot)
{
	struct secret_words words = { 0 };
	struct secret_ref *out = slot;
	struct err ignored = { 0 };

	if (!json_decode(secret_words_members, value, a, &words, &ignored))
		return false;
	if (words.env)
		*out = (struct secret_ref){ .kind = SECRET_ENV, .name = words.env };
	else if (words.file)
		*out = (struct secret_ref){ .kind = SECRET_FILE, .name = words.file };
	else
		*out = (struct secret_ref){ .kind = SECRET_COMMAND, .argv = words.command };
	return words.env || words.file || words.command;
}

static const struct member kept_install_members[] = {
	TEXT_MEMBER("directory", struct install, directory, .absent = ABSENT_OMITTED),
	TEXT_MEMBER("certificate", struct install, certificate, .absent = ABSENT_OMITTED),
	TEXT_MEMBER("key", struct install, key, .absent = ABSENT_OMITTED),
	TEXT_MEMBER("leaf", struct install, leaf, .absent = ABSENT_OMITTED),
	TEXT_MEMBER("chain", struct install, chain, .absent = ABSENT_OMITTED),
	TEXT_MEMBER("ca", struct install, ca, .absent = ABSENT_OMITTED),
	TEXT_MEMBER("combined", struct install, combined, .absent = ABSENT_OMITTED),
	FLAG_MEMBER("plain", struct install, plain, .absent = ABSENT_OMITTED),
	FLAG_MEMBER("unsafe_directory", struct install, unsafe_directory),
	{ 0 },
};

static const struct member deliver_members[] = {
	OBJECT_MEMBER("files", struct deliver, files, kept_install_members),
	{ 0 },
};

const char *deliver_to_text(const struct deliver *d, struct arena *a)
{
	AUTO(json) json = json_encode(deliver_members, d);
	AUTO(str) text = NULL;
	const struct member *kept = driver_rows[d->kind]->kept;
	json_t *part = kept ? json_encode_member(kept, d, 0) : NULL;

	if (part)
		json_object_set_new(json, kept->key, part);
	text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
	return arena_strdup(a, text);
}

bool deliver_from_text(const char *text, struct arena *a, struct deliver *out, struct err *e)
{
	AUTO(json) json = json_parse(text, strlen(text));
	struct deliver d = { .kind = DRIVER_FILES };
	struct err why = { 0 };
	bool good = json_decode(deliver_members, json, a, &d, &why);

	for (unsigned kind = 0; good && kind < DRIVER_KIND_COUNT; kind++) {
		const struct driver *driver = driver_rows[kind];

		if (!driver->kept || !json_object_get(json, driver->kept->key))
			continue;
		good = json_decode(driver->kept, json, a, &d, &why);
		if (!good || !json_is_object(json_object_get(json, driver->kept->key)))
			continue;
		/* remote paths must never be taken for local ones */
		d.kind = (enum driver_kind)kind;
		if (driver->kept_read)
			driver->kept_read(&d);
		break;
	}
	if (!good)
		return err_set(e, ERR_IO, "the state does not say how it was reached: %s",
			       why.text);
	*out = d;
	return true;
}
