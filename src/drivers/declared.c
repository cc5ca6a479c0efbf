/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/declared.h"

#include "base/text.h"
#include "pki/foreign.h"
#include "pki/pair.h"

#include <ctype.h>
#include <string.h>

static void list_add(const struct declared *d, struct declared_list *out, enum declared_verb verb)
{
	if (d->verbs & 1U << verb)
		out->verbs[out->count++] = verb;
}

static bool list_revert(const struct declared *d, const struct job *j, struct declared_list *out,
			struct err *e)
{
	bool to_nothing = !*j->fingerprint;

	if (to_nothing)
		list_add(d, out, DECLARED_REMOVE);
	if (!out->count && !(to_nothing && d->revert_to_something))
		list_add(d, out, DECLARED_REVERT);
	if (out->count)
		return true;
	if (to_nothing)
		return err_set(e, ERR_MISSING,
			       "nothing was there before, and there is no %s 'remove'", d->what);
	list_add(d, out, DECLARED_STAGE);
	list_add(d, out, DECLARED_COMMIT);
	return true;
}

bool declared_changes(const struct declared *d, const struct job *j, struct declared_list *out,
		      struct err *e)
{
	*out = (struct declared_list){ 0 };
	switch (j->verb) {
	case DRIVER_PROBE:
	case DRIVER_READ:
	case DRIVER_NOTIFY:
	case DRIVER_VERB_COUNT:
		return true;
	case DRIVER_STAGE:
		list_add(d, out, DECLARED_STAGE);
		return true;
	case DRIVER_COMMIT:
		list_add(d, out, DECLARED_COMMIT);
		return true;
	case DRIVER_ABORT:
		list_add(d, out, DECLARED_ABORT);
		return true;
	case DRIVER_ACTIVATE:
		list_add(d, out, DECLARED_ACTIVATE);
		return true;
	case DRIVER_REVERT:
		return list_revert(d, j, out, e);
	case DRIVER_REMOVE:
		list_add(d, out, DECLARED_REMOVE);
		return out->count || err_set(e, ERR_MISSING, "there is no %s 'remove'", d->what);
	}
	return true;
}

/* Normalizes hex in either case, with or without colons or blanks; NULL: no SHA-256. */
static const char *as_fingerprint(struct arena *a, const char *text)
{
	char hex[FINGERPRINT_TEXT] = "";
	size_t len = 0;

	for (; *text; text++) {
		if (*text == ':' || *text == ' ')
			continue;
		if (!isxdigit((unsigned char)*text) || len == sizeof(hex) - 1)
			return NULL;
		hex[len++] = (char)tolower((unsigned char)*text);
	}
	hex[len] = '\0';
	return len == sizeof(hex) - 1 ? arena_strdup(a, hex) : NULL;
}

const char *declared_leaf(const char *text, struct arena *a)
{
	const struct der *certs = NULL;
	struct cert_facts facts = { 0 };
	size_t count = 0;
	struct err ignored = { 0 };

	if (!*text)
		return "";
	if (!strstr(text, "-----BEGIN"))
		return as_fingerprint(a, text);
	if (!pem_read_certs(text, strlen(text), a, &certs, &count, &ignored) || !count ||
	    !foreign_cert(certs[0], a, &facts, &ignored))
		return NULL;
	return facts.fingerprint;
}

static bool installed_is(const char *installed, const char *fingerprint)
{
	return installed && !strcmp(installed, fingerprint);
}

static const char *or_nothing(const char *fingerprint)
{
	return *fingerprint ? fingerprint : "nothing";
}

bool declared_commit(const struct job *j, const char *installed, bool *due, struct err *e)
{
	*due = !installed_is(installed, j->fingerprint) || job_mends(j);
	if (!*due || !j->replaces || !installed || installed_is(installed, j->replaces))
		return true;
	return err_set(e, ERR_STALE, "it holds %.12s, not %.12s as expected", or_nothing(installed),
		       or_nothing(j->replaces));
}

bool declared_remove(const struct job *j, const char *installed)
{
	const char *last = j->fingerprint;

	return !last || !*last || !installed || installed_is(installed, last);
}

bool declared_activate(const struct job *j, const char *installed, struct err *e)
{
	return !installed || installed_is(installed, j->fingerprint) ||
	       err_set(e, ERR_REMOTE, "it accepted %.12s, but still reports %.12s", j->fingerprint,
		       or_nothing(installed));
}
