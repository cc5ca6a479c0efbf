/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver `haproxy`: a pair swapped in a running HAProxy.
 *
 * The installed pair is the file that HAProxy loads at start.  Stage, commit,
 * abort and revert are those of install/: a pair is staged beside the file,
 * re-read by hash and switched in one rename.  Activate sends the installed pair
 * to the process over its runtime API, without a reload (set, then commit; when
 * the commit is refused, abort, and the process keeps its pair), and verifies
 * the result.
 *
 * HAProxy reports only the SHA-1 of its leaf.  When it matches the leaf of the
 * file, the file's fingerprint counts as served; else "" (unknown pair).
 */
#include "drivers/driver_table.h"

#include "base/clock.h"
#include "base/loop.h"
#include "base/text.h"
#include "drivers/files.h"
#include "install/install.h"
#include "pki/foreign.h"
#include "pki/pair.h"
#include "json/record.h"

#include <string.h>

enum {
	LOCKED_MS = 10000,
	LOCKED_WAIT_MS = 20,
};

static const char *haproxy_origin(const struct component *c)
{
	return c->deliver.haproxy.socket;
}

static const char *file_of(const struct driver_session *v)
{
	return v->job->component->deliver.haproxy.certificate;
}

static const char *reply_text(const struct exchange *x)
{
	return (const char *)x->reply.bytes;
}

static bool reply_has(const struct exchange *x, const char *text)
{
	return strstr(reply_text(x), text) != NULL;
}

/*
 * One command per connection: HAProxy closes it after its reply.  HAProxy refuses a
 * command about certificates while it executes another one, of whichever client.
 */
static bool haproxy_request(struct driver_session *v, struct exchange *x, struct err *e)
{
	int64_t end_ms = clock_mono_ms() + LOCKED_MS;

	while (driver_request(v, x, e)) {
		if (!reply_has(x, "currently locked") || clock_mono_ms() >= end_ms)
			return true;
		secret_release(&x->reply);
		loop_sleep(clock_mono_ms() + LOCKED_WAIT_MS);
	}
	return false;
}

static bool haproxy_command(struct driver_session *v, const char *command, struct exchange *x,
			    struct err *e)
{
	request_lines(x, arena_printf(v->arena, "%s %s\n", command, file_of(v)));
	return haproxy_request(v, x, e);
}

/* The value of a line "NAME: VALUE"; NULL: no such line. */
static const char *value_of(const struct exchange *x, const char *name, struct arena *a)
{
	size_t len = strlen(name);

	for (const char *line = reply_text(x); *line;) {
		size_t length = strcspn(line, "\n");

		if (length > len + 2 && !strncmp(line, name, len) && !strncmp(line + len, ": ", 2))
			return arena_strndup(a, line + len + 2, length - len - 2);
		line += length + (line[length] == '\n');
	}
	return NULL;
}

/* SHA-1 of the leaf that the process holds, the only hash it reports; NULL: none. */
static const char *held_sha1(const struct driver_session *v, const struct exchange *x)
{
	return value_of(x, "SHA1 FingerPrint", v->arena);
}

/* ---- probe ---- */

/* SHA-1 of the leaf in the file; NULL: none. */
static const char *installed_sha1(struct driver_session *v)
{
	const struct install *i = &v->job->component->deliver.files;
	AUTO(secret) key = { 0 };
	struct cert_set set = { 0 };
	struct err ignored = { 0 };

	if (!install_read(i, v->arena, &set, &key, &ignored) || !set.count)
		return NULL;
	return cert_sha1(set.certs[0], v->arena);
}

static void take_held(struct driver_session *v, const struct exchange *x)
{
	struct observation *seen = &v->job->seen;
	const char *version = value_of(x, "Version", v->arena);
	const char *installed = installed_sha1(v);
	const char *held = held_sha1(v, x);

	seen->version = version ? text_escaped(v->job->arena, version) : NULL;
	if (!held)
		seen->unwritable = arena_printf(
			v->job->arena,
			"HAProxy does not know '%s': its configuration must name that file, and it must have loaded it",
			file_of(v));
	else if (installed)
		seen->served = strcmp(held, installed) ? "" : seen->installed;
}

/* Probes the file first, which needs no running HAProxy. */
static bool haproxy_probe(struct driver_session *v, struct err *e)
{
	struct observation *a = &v->job->seen;
	AUTO(exchange) x = { 0 };
	struct err why = { 0 };

	files_run(&v->job, 1);
	a->online = haproxy_command(v, "show info;show ssl cert", &x, &why);
	if (a->online)
		take_held(v, &x);
	else
		a->error = arena_strdup(v->job->arena, why.text);
	if (why.code == ERR_STOPPED)
		*e = why;
	return why.code != ERR_STOPPED;
}

/* ---- activate ---- */

/*
 * An empty line ends the payload, so there must be exactly one, at the end;
 * pem_add_*() write none.
 */
static void put_pair(struct driver_session *v, const struct cert_set *set, const struct secret *key,
		     struct exchange *ask)
{
	const char *begin = arena_printf(v->arena, "set ssl cert %s <<\n", file_of(v));
	AUTO(buf) certs = { 0 };
	AUTO(secret) pem = { 0 };

	pem_add_certs(&certs, set->certs, set->count);
	pem_add_key(&pem, key);

	size_t head = strlen(begin);
	unsigned char *at = NULL;

	secret_alloc(&ask->body, head + certs.len + pem.len + 1);
	at = ask->body.bytes;
	memcpy(at, begin, head);
	memcpy(at + head, buf_text(&certs), certs.len);
	memcpy(at + head + certs.len, pem.bytes, pem.len);
	at[ask->body.len - 1] = '\n';
	ask->kind = EXCHANGE_LINES;
}

/* The command that sends the installed pair, after checking that it is the job's. */
static bool haproxy_payload(struct driver_session *v, struct exchange *x, const char **sha1,
			    struct err *e)
{
	AUTO(secret) key = { 0 };
	struct cert_set set = { 0 };
	struct cert_facts facts = { 0 };

	if (!install_read(&v->job->component->deliver.files, v->arena, &set, &key, e) ||
	    !foreign_cert(set.certs[0], v->arena, &facts, e))
		return false;
	if (strcmp(facts.fingerprint, v->job->fingerprint) != 0)
		return err_set(e, ERR_STALE, "'%s' holds %.12s, not %.12s", file_of(v),
			       facts.fingerprint, v->job->fingerprint);
	*sha1 = cert_sha1(set.certs[0], v->arena);
	put_pair(v, &set, &key, x);
	return true;
}

static bool haproxy_refused(const struct driver_session *v, const struct exchange *x,
			    const char *what, struct err *e)
{
	return err_set(e, ERR_REMOTE, "HAProxy refused to %s '%s': %s", what, file_of(v),
		       text_escaped(v->arena, reply_text(x)));
}

/*
 * HAProxy answers an oversized payload with an empty reply or a closed
 * connection.  A refused "set" leaves no transaction open.
 */
static bool haproxy_set(struct driver_session *v, struct exchange *x, struct err *e)
{
	size_t size = x->body.len;
	struct err why = { 0 };

	if (!haproxy_request(v, x, &why) && why.code == ERR_STOPPED) {
		*e = why;
		return false;
	}
	if (why.code || !x->reply.len)
		return err_set(
			e, ERR_REMOTE,
			"HAProxy takes no pair of %zu bytes%s%s: its tune.bufsize is probably too small",
			size, why.code ? ": " : "", why.text);
	return reply_has(x, "Transaction created") || reply_has(x, "Transaction updated") ||
	       haproxy_refused(v, x, "take", e);
}

/* A refused commit leaves the transaction open. */
static bool haproxy_commit(struct driver_session *v, struct err *e)
{
	AUTO(exchange) commit = { 0 };
	AUTO(exchange) abort = { 0 };
	struct err ignored = { 0 };

	if (haproxy_command(v, "commit ssl cert", &commit, e) &&
	    (reply_has(&commit, "Success!") || haproxy_refused(v, &commit, "use", e)))
		return true;
	(void)!haproxy_command(v, "abort ssl cert", &abort, &ignored);
	return false;
}

static bool haproxy_activate(struct driver_session *v, struct err *e)
{
	AUTO(exchange) set = { 0 };
	AUTO(exchange) show = { 0 };
	const char *sha1 = NULL;
	const char *held = NULL;

	if (!haproxy_payload(v, &set, &sha1, e) || !haproxy_set(v, &set, e) ||
	    !haproxy_commit(v, e) || !haproxy_command(v, "show ssl cert", &show, e))
		return false;
	held = held_sha1(v, &show);
	return (held && !strcmp(held, sha1)) ||
	       err_set(e, ERR_REMOTE, "HAProxy accepted '%s', but holds another certificate",
		       file_of(v));
}

static const struct member kept_haproxy_members[] = {
	TEXT_MEMBER("socket", struct haproxy, socket),
	{ 0 },
};

static const struct member kept_haproxy[] = {
	OBJECT_MEMBER("haproxy", struct deliver, haproxy, kept_haproxy_members,
		      .absent = ABSENT_OMITTED),
	{ 0 },
};

const struct driver haproxy_driver = {
	.files_verbs = FILES_VERBS & ~(1U << DRIVER_PROBE),
	.kept = kept_haproxy,
	.sessions = {
		[DRIVER_PROBE] = haproxy_probe,
		[DRIVER_ACTIVATE] = haproxy_activate,
	},
	.origin = haproxy_origin,
};
