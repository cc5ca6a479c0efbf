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

#include "base/text.h"
#include "drivers/files.h"
#include "install/install.h"
#include "pki/foreign.h"
#include "pki/pair.h"

#include <string.h>

static const char *haproxy_origin(const struct component *c)
{
	return c->deliver.haproxy.socket;
}

static const char *file_of(const struct visit *v)
{
	return v->job->component->deliver.haproxy.certificate;
}

/* One command per connection: HAProxy closes it after its reply. */
static enum turn haproxy_ask_command(const struct visit *v, struct exchange *ask,
				     const char *command)
{
	ask_lines(ask, arena_printf(v->arena, "%s %s\n", command, file_of(v)));
	return TURN_ASK;
}

static const char *reply_text(const struct visit *v)
{
	return (const char *)v->reply->reply.bytes;
}

static bool reply_has(const struct visit *v, const char *text)
{
	return strstr(reply_text(v), text) != NULL;
}

/* The value of a line "NAME: VALUE"; NULL: no such line. */
static const char *value_of(const struct visit *v, const char *name)
{
	size_t len = strlen(name);

	for (const char *line = reply_text(v); *line;) {
		size_t length = strcspn(line, "\n");

		if (length > len + 2 && !strncmp(line, name, len) && !strncmp(line + len, ": ", 2))
			return arena_strndup(v->arena, line + len + 2, length - len - 2);
		line += length + (line[length] == '\n');
	}
	return NULL;
}

/* Whether the process holds this leaf, by SHA-1, the only hash it reports. */
static bool haproxy_holds(const struct visit *v, const char *sha1)
{
	const char *told = value_of(v, "SHA1 FingerPrint");

	return told && !strcmp(told, sha1);
}

/* ---- probe ---- */

/* SHA-1 of the leaf in the file; NULL: none. */
static const char *installed_sha1(struct visit *v)
{
	const struct install *i = &v->job->component->deliver.files;
	AUTO(secret) key = { 0 };
	struct cert_set set = { 0 };
	struct err ignored = { 0 };

	if (!install_read(i, v->arena, &set, &key, &ignored) || !set.count)
		return NULL;
	return cert_sha1(set.certs[0], v->arena);
}

static void take_held(struct visit *v)
{
	struct observation *a = &v->job->seen;
	const char *sha1 = installed_sha1(v);

	a->version = value_of(v, "Version");
	if (a->version)
		a->version = text_escaped(v->job->arena, a->version);
	if (!value_of(v, "SHA1 FingerPrint"))
		a->unwritable = arena_printf(
			v->job->arena,
			"HAProxy does not know '%s': its configuration must name that file, and it must have loaded it",
			file_of(v));
	else if (sha1)
		a->served = haproxy_holds(v, sha1) ? a->installed : "";
}

/* Probes the file first, which needs no running HAProxy. */
static enum turn haproxy_probe(struct visit *v, struct exchange *ask, struct err *e)
{
	struct observation *a = &v->job->seen;

	if (!v->reply) {
		if (!files_probe(v->job, e))
			return TURN_FAILED;
		return haproxy_ask_command(v, ask, "show info;show ssl cert");
	}
	if (v->reply->error.code == ERR_STOPPED)
		return no_reply(v, e);
	a->online = !v->reply->error.code;
	if (a->online)
		take_held(v);
	else
		a->error = arena_strdup(v->job->arena, v->reply->error.text);
	return TURN_DONE;
}

/* ---- activate ---- */

enum swap_stage {
	SWAP_BEGIN,
	SWAP_SET,
	SWAP_COMMIT,
	SWAP_CHECK,
	SWAP_ABORT,
};

struct swap {
	const char *sha1;
	size_t size;
	struct err error; /* reason of the abort */
};

/*
 * An empty line ends the payload, so there must be exactly one, at the end;
 * pem_add_*() write none.
 */
static void put_pair(struct visit *v, const struct cert_set *set, const struct secret *key,
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

/* Sends the installed pair, after checking that it is the job's. */
static enum turn swap_begin(struct visit *v, struct exchange *ask, struct err *e)
{
	struct swap *swap = ARENA_NEW(v->arena, struct swap);
	AUTO(secret) key = { 0 };
	struct cert_set set = { 0 };
	struct cert_facts facts = { 0 };

	if (!install_read(&v->job->component->deliver.files, v->arena, &set, &key, e) ||
	    !foreign_cert(set.certs[0], v->arena, &facts, e))
		return TURN_FAILED;
	if (strcmp(facts.fingerprint, v->job->fingerprint) != 0) {
		err_set(e, ERR_STALE, "'%s' holds %.12s, not %.12s", file_of(v), facts.fingerprint,
			v->job->fingerprint);
		return TURN_FAILED;
	}
	swap->sha1 = cert_sha1(set.certs[0], v->arena);
	put_pair(v, &set, &key, ask);
	swap->size = ask->body.len;
	v->memory = swap;
	v->stage = SWAP_SET;
	return TURN_ASK;
}

static bool haproxy_refused(const struct visit *v, const char *what, struct err *e)
{
	return err_set(e, ERR_REMOTE, "HAProxy refused to %s '%s': %s", what, file_of(v),
		       text_escaped(v->arena, reply_text(v)));
}

/* HAProxy answers an oversized payload with an empty reply or a closed connection. */
static enum turn no_room(const struct visit *v, struct err *e)
{
	const struct swap *swap = v->memory;

	if (v->reply->error.code == ERR_STOPPED)
		return no_reply(v, e);
	err_set(e, ERR_REMOTE,
		"HAProxy takes no pair of %zu bytes%s%s: its tune.bufsize is probably too small",
		swap->size, v->reply->error.code ? ": " : "", v->reply->error.text);
	return TURN_FAILED;
}

/* A refused "set" leaves no transaction open, so there is nothing to abort. */
static enum turn swap_set(struct visit *v, struct exchange *ask, struct err *e)
{
	if (v->reply->error.code || !v->reply->reply.len)
		return no_room(v, e);
	if (!reply_has(v, "Transaction created") && !reply_has(v, "Transaction updated")) {
		haproxy_refused(v, "take", e);
		return TURN_FAILED;
	}
	v->stage = SWAP_COMMIT;
	return haproxy_ask_command(v, ask, "commit ssl cert");
}

/* A refused commit leaves the transaction open. */
static enum turn swap_commit(struct visit *v, struct exchange *ask)
{
	struct swap *swap = v->memory;

	if (!v->reply->error.code && reply_has(v, "Success!")) {
		v->stage = SWAP_CHECK;
		return haproxy_ask_command(v, ask, "show ssl cert");
	}
	if (v->reply->error.code)
		swap->error = v->reply->error;
	else
		haproxy_refused(v, "use", &swap->error);
	v->stage = SWAP_ABORT;
	return haproxy_ask_command(v, ask, "abort ssl cert");
}

static enum turn swap_check(struct visit *v, struct err *e)
{
	const struct swap *swap = v->memory;

	if (v->reply->error.code)
		return no_reply(v, e);
	if (haproxy_holds(v, swap->sha1))
		return TURN_DONE;
	err_set(e, ERR_REMOTE, "HAProxy accepted '%s', but holds another certificate", file_of(v));
	return TURN_FAILED;
}

static enum turn haproxy_activate(struct visit *v, struct exchange *ask, struct err *e)
{
	switch ((enum swap_stage)v->stage) {
	case SWAP_BEGIN:
		return swap_begin(v, ask, e);
	case SWAP_SET:
		return swap_set(v, ask, e);
	case SWAP_COMMIT:
		return swap_commit(v, ask);
	case SWAP_CHECK:
		return swap_check(v, e);
	case SWAP_ABORT:
		*e = ((const struct swap *)v->memory)->error;
		return TURN_FAILED;
	}
	return TURN_FAILED;
}

const struct driver haproxy_driver = {
	.verbs = {
		[DRIVER_STAGE] = files_stage,
		[DRIVER_COMMIT] = files_commit,
		[DRIVER_ABORT] = files_abort,
		[DRIVER_REVERT] = files_revert,
		[DRIVER_REMOVE] = files_remove,
		[DRIVER_READ] = files_read,
	},
	.turns = {
		[DRIVER_PROBE] = haproxy_probe,
		[DRIVER_ACTIVATE] = haproxy_activate,
	},
	.origin = haproxy_origin,
};
