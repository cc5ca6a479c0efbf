/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/child.h"
#include "base/fs.h"
#include "base/redact.h"
#include "base/text.h"
#include "base/trusted_file.h"
#include "engine/backup.h"
#include "engine/internal.h"

#include <string.h>
#include <sys/stat.h>

enum {
	SECRET_LIMIT = 64 * 1024,
	SECRET_COMMAND_MS = 10000
};

struct secret_slot {
	struct secret_slot *next;
	const struct secret_ref *ref;
	struct secret value;
	struct err error; /* code ERR_NONE: it could be had */
};

void engine_forget_secrets(struct engine *en)
{
	while (en->secrets) {
		struct secret_slot *next = en->secrets->next;

		secret_release(&en->secrets->value);
		free(en->secrets);
		en->secrets = next;
	}
}

bool engine_repeats_secret(const struct engine *en, const char *text)
{
	for (const struct secret_slot *s = en->secrets; s; s = s->next)
		if (s->value.len && redact_repeats(text, strlen(text), &s->value))
			return true;
	return false;
}

void engine_take_secrets(struct engine *en, struct engine *from)
{
	struct secret_slot **end = &en->secrets;

	while (*end)
		end = &(*end)->next;
	*end = TAKE(from->secrets);
	engine_forget_imports(en);
	en->imports = TAKE(from->imports);
	engine_forget_source(en);
	en->source = TAKE(from->source);
}

/*
 * Removes the variable from the environment, where child processes and /proc
 * would expose it.
 */
static bool from_environment(const char *name, struct secret *out, struct err *e)
{
	char *value = getenv(name);

	if (!value || !*value)
		return err_set(e, ERR_INPUT, "the environment variable '%s' is not set or empty",
			       name);
	secret_copy(out, value, strlen(value));
	wipe(value, strlen(value));
	unsetenv(name);
	return true;
}

static void cut_newline(struct secret *s)
{
	if (s->len && s->bytes[s->len - 1] == '\n')
		s->bytes[--s->len] = '\0';
	if (s->len && s->bytes[s->len - 1] == '\r')
		s->bytes[--s->len] = '\0';
}

static bool from_file(struct engine *en, const char *path, struct secret *out, struct err *e)
{
	AUTO(trusted_file) f = { 0 };

	if (!trusted_file_open(path, TRUSTED_SECRET, &f, e) ||
	    !fs_read_opened(f.fd, path, SECRET_LIMIT, out, e))
		return false;
	cut_newline(out);
	if (f.mode & (S_IRGRP | S_IROTH))
		engine_note(en,
			    "warning: others can read the secret file '%s'; run 'chmod 600' on it",
			    path);
	return true;
}

static bool from_command(const struct engine *en, const char *const *argv, struct secret *out,
			 struct err *e)
{
	struct child command = { .argv = argv,
				 .directory = en->fleet->directory,
				 .timeout_ms = SECRET_COMMAND_MS,
				 .secret_output = true };

	if (!child_run_secret(&command, out, e))
		return err_in(e, "cannot get the secret from '%s'", argv[0]);
	cut_newline(out);
	return true;
}

static bool secrets_resolve(struct engine *en, const struct secret_ref *ref, struct secret *out,
			    struct err *e)
{
	switch (ref->kind) {
	case SECRET_NONE:
		return err_set(e, ERR_INPUT, "no secret is configured");
	case SECRET_ENV:
		return from_environment(ref->name, out, e);
	case SECRET_FILE:
		return from_file(en, ref->name, out, e);
	case SECRET_COMMAND:
		return from_command(en, ref->argv, out, e);
	case SECRET_KEY_FILE: /* raw bytes: the last one may be a newline */
		return trusted_file_read(ref->name, TRUSTED_KEY, SECRET_LIMIT, out, e);
	}
	return err_set(e, ERR_INPUT, "no secret is configured");
}

static bool secret_of_slot(const struct secret_slot *s, const struct secret **out, struct err *e)
{
	if (s->error.code != ERR_NONE) {
		*e = s->error;
		return false;
	}
	*out = &s->value;
	return true;
}

bool engine_secret(struct engine *en, const struct secret_ref *ref, const struct secret **out,
		   struct err *e)
{
	for (struct secret_slot *s = en->secrets; s; s = s->next) {
		if (secret_ref_equal(s->ref, ref))
			return secret_of_slot(s, out, e);
	}

	struct secret_slot *slot = xcalloc(1, sizeof(*slot));

	slot->ref = ref;
	if (!secrets_resolve(en, ref, &slot->value, &slot->error)) {
		if (slot->error.code == ERR_STOPPED) {
			*e = slot->error;
			free(slot);
			return false;
		}
		/* whatever the cause, the remedy is in the user's input */
		slot->error.code = ERR_INPUT;
	}
	slot->next = en->secrets;
	en->secrets = slot;
	return secret_of_slot(slot, out, e);
}
