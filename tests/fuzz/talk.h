/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session of a driver with a peer whose responses are the input: one
 * component, any verb, no network.
 */
#ifndef TESTS_FUZZ_TALK_H
#define TESTS_FUZZ_TALK_H

#include "harness.h"

#include "base/text.h"
#include "config/load.h"
#include "drivers/driver_table.h"
#include "model/certs.h"
#include "pki/issue.h"
#include "remote/batch.h"
#include "remote/ssh.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum {
	TALK_TURNS = 24
};

struct talk_partner {
	const struct driver *driver;
	const char *deliver;  /* as in a fleet file; %s is our folder */
	const char *activate; /* the same; NULL: none */
};

static struct fleet talk_fleet;
static struct drivers *talk_drivers;

static bool talk_secret(void *ctx, const struct secret_ref *ref, const struct secret **out,
			struct err *e)
{
	static unsigned char text[] = "a-secret-of-the-api";
	static const struct secret secret = { text, sizeof(text) - 1 };

	(void)ctx;
	(void)ref;
	(void)e;
	*out = &secret;
	return true;
}

static void talk_write_pem(void)
{
	const struct pair *p = fuzz_pair();
	AUTO(buf) certs = { 0 };
	AUTO(buf) authority = { 0 };
	AUTO(secret) key = { 0 };
	const char *path = NULL;

	pem_add_certs(&certs, p->set.certs, p->set.count);
	pem_add_certs(&authority, &p->set.anchor, 1);
	pem_add_key(&key, &p->key);
	fuzz_file("ops.pem", certs.data, certs.len);
	fuzz_file("ca.pem", authority.data, authority.len);
	path = fuzz_file("ops.key", key.bytes, key.len);
	HOLDS(!chmod(path, 0600));
}

/* Once; the component `c` of a fleet with all access. */
static const struct component *talk_component(const struct talk_partner *p)
{
	AUTO(diags) diags = { 0 };
	AUTO(buf) text = { 0 };
	struct err e = { 0 };

	if (talk_drivers)
		return &talk_fleet.components[0];
	talk_write_pem();
	buf_puts(&text, "certfleet: 1\nfleet: f\n"
			"backup: {passphrase: {env: CERTFLEET_P}}\n"
			"access:\n"
			"  agent: {certificate: ops.pem, key: ops.key, ca: ca.pem}\n"
			"  ssh: {key: id, known_hosts: hosts}\n"
			"certificates:\n"
			"  a: {subject: CN=shop.example.com, issuer: self}\n"
			"components:\n"
			"  c:\n    certificate: a\n    deliver: ");
	for (const char *at = p->deliver; *at; at++)
		if (*at == '%')
			buf_puts(&text, fuzz_folder());
		else
			buf_putc(&text, *at);
	if (p->activate)
		buf_printf(&text, "\n    activate: %s", p->activate);
	buf_puts(&text, "\n");
	if (!load_fleet(fuzz_file("certfleet.yaml", text.data, text.len), subject_canonical,
			&talk_fleet, &diags, &e)) {
		AUTO(buf) why = { 0 };

		diag_render(&diags, &why);
		fputs(buf_text(&why), stderr);
		abort();
	}
	talk_drivers = drivers_new(&(const struct drivers_options){ .access = &talk_fleet.access,
								    .secret = talk_secret });
	return &talk_fleet.components[0];
}

/* ---- replies ---- */

static unsigned talk_choice(struct feed *f, unsigned count)
{
	return (feed_byte(f) - '0') % count;
}

/* Names of versions are directories, and two are links. */
static mode_t talk_entry_mode(const char *name)
{
	if (!strncmp(name, "current", 7) || !strncmp(name, "staged", 6) || *name == 'l')
		return S_IFLNK | 0777;
	return (strchr("0123456789abcdef", *name) ? S_IFDIR : S_IFREG) | 0700;
}

static void talk_ssh(struct ssh_ask *ask, struct feed *f)
{
	bool ended = false; /* what was needed has failed */

	for (size_t i = 0; i < ask->count && !ended; i++) {
		struct ssh_op *op = &ask->ops[i];
		static const mode_t kinds[] = { S_IFREG, S_IFDIR, S_IFLNK, S_IFIFO };
		static const mode_t modes[] = { 0700, 0755, 0600, 0666 };
		size_t len = 0;

		op->result = SSH_DONE + talk_choice(f, SSH_FAILED);
		if (op->kind == SSH_RUN && op->result == SSH_ABSENT)
			op->result = SSH_FAILED;
		ended = op->needed && op->result != SSH_DONE;
		op->found.mode = kinds[talk_choice(f, 4)] | modes[talk_choice(f, 4)];
		op->found.owner = talk_choice(f, 3);
		op->status = op->kind == SSH_RUN ? (int)talk_choice(f, 80) : 0;

		const char *text = feed_part(f, ask->arena, &len);

		op->text = text;
		op->why = op->result == SSH_DONE         ? NULL
			  : *text || op->kind == SSH_RUN ? text
							 : "refused";
		if (op->kind == SSH_RUN && !op->why)
			op->why = "";
		if (op->kind == SSH_LINK && op->result != SSH_DONE)
			op->text = NULL;
		if (op->kind == SSH_READ && op->result == SSH_DONE)
			secret_copy(&op->got, text, len);
		if (op->kind != SSH_LIST || op->result != SSH_DONE)
			continue;

		/* a name on each line */
		struct ssh_entry *list = arena_array(ask->arena, len + 1, sizeof(*list));

		for (const char *at = text; *at;) {
			size_t line = strcspn(at, "\n");

			list[op->entry_count++] =
				(struct ssh_entry){ .name = arena_strndup(ask->arena, at, line),
						    .attr.mode = talk_entry_mode(at) };
			at += line + (at[line] == '\n');
		}
		op->entries = list;
	}
}

static bool talk_reply(struct exchange *x, struct feed *f, struct arena *a, struct err *e)
{
	static const long statuses[] = { 200, 204, 404, 412, 401, 500, 302, 429 };
	unsigned status = talk_choice(f, 9);
	unsigned peer = talk_choice(f, 3);
	size_t len = 0;
	const char *text = NULL;

	x->etag[0] = '\0';
	if (peer)
		strcpy(x->etag, "\"/config/ 1\"");
	strcpy(x->peer.spki, peer == 2 ? "" : fuzz_pair()->facts.spki);
	strcpy(x->peer.leaf, fuzz_pair()->facts.fingerprint);
	if (status == 8)
		return err_set(e, ERR_REMOTE, "nobody answers");
	x->status = statuses[status];
	if (x->kind == EXCHANGE_SSH) {
		talk_ssh(x->ssh, f);
		return true;
	}
	text = feed_part(f, a, &len);
	secret_copy(&x->reply, text, len);
	return true;
}

/* ---- the session ---- */

static struct feed *talk_feed;
static struct arena *talk_arena;
static unsigned talk_turns;

/* In the place of the network.  After TALK_TURNS nobody answers any more. */
bool batch_request(struct conversation *c, struct exchange *x, struct err *e)
{
	(void)c;
	x->origin = "https://h.example";
	if (talk_turns++ < TALK_TURNS)
		return talk_reply(x, talk_feed, talk_arena, e);
	return err_set(e, ERR_REMOTE, "nobody answers");
}

/* Nobody is waited for: in vain a driver asks again until nobody answers. */
void __wrap_loop_sleep(int64_t until_ms);
void __wrap_loop_sleep(int64_t until_ms)
{
	(void)until_ms;
}

bool __wrap_loop_is_stopped(void);
bool __wrap_loop_is_stopped(void)
{
	return false;
}

static void talk_session_run(struct driver_session *v, struct feed *f)
{
	struct err e = { 0 };
	bool good = false;

	talk_feed = f;
	talk_arena = v->arena;
	talk_turns = 0;
	good = v->driver->sessions[v->job->verb](v, &e);
	HOLDS(good || (e.code != ERR_NONE && *e.text));
}

static const char *talk_fingerprint(struct feed *f)
{
	const char *const list[] = {
		fuzz_pair()->facts.fingerprint,
		fuzz_authority()->facts.fingerprint,
		"",
		NULL,
	};

	return list[talk_choice(f, 4)];
}

/*
 * The verb, the fingerprints of what is new and what is replaced, whether it
 * is mended, then the replies.
 */
static void talk(const struct talk_partner *p, const uint8_t *bytes, size_t len)
{
	struct feed f = { bytes, len };
	AUTO(arena) a = { 0 };
	AUTO(secret) key = { 0 };
	struct cert_set set = { 0 };
	struct job job = { .component = talk_component(p),
			   .set = &fuzz_pair()->set,
			   .key = &fuzz_pair()->key,
			   .lineage = "5f2c",
			   .sequence = 3,
			   .arena = &a,
			   .found = &set,
			   .parsed_key = &key,
			   .directory = "/" };
	struct driver_session v = {
		.drivers = talk_drivers, .job = &job, .driver = p->driver, .arena = &a
	};

	job.verb = talk_choice(&f, DRIVER_VERB_COUNT);
	job.fingerprint = talk_fingerprint(&f);
	job.replaces = talk_fingerprint(&f);
	if (!job.fingerprint && job.verb != DRIVER_REMOVE)
		job.fingerprint = fuzz_pair()->facts.fingerprint;
	if (!p->driver->sessions[job.verb])
		return;
	if (!p->driver->prepare || p->driver->prepare(&v, &job.error))
		talk_session_run(&v, &f);
	if (p->driver->forget && v.memory)
		p->driver->forget(&v);
}

/* ---- seeds ---- */

/*
 * `replies` for each verb; in it "%c" is our certificate and "%k" its key, as
 * PEM in JSON, "%A" its authority, "%f" its fingerprint and "%s" the hash of
 * its key, "%C" and
 * "%K" the same as PEM, "%b" and "%B" in base64.
 */
static void talk_fill(struct buf *out, const char *replies)
{
	const struct pair *p = fuzz_pair();
	AUTO(buf) certs = { 0 };
	AUTO(buf) authority = { 0 };
	AUTO(secret) key = { 0 };

	pem_add_certs(&certs, p->set.certs, p->set.count);
	pem_add_certs(&authority, &p->set.anchor, 1);
	pem_add_key(&key, &p->key);
	for (const char *at = replies; *at; at++) {
		bool is_key = *at == '%' && strchr("kKB", at[1]);
		const char *pem = is_key ? (const char *)key.bytes : buf_text(&certs);

		if (*at != '%') {
			buf_putc(out, *at);
			continue;
		}
		at++;
		if (*at == 'f' || *at == 's')
			buf_puts(out, *at == 'f' ? p->facts.fingerprint : p->facts.spki);
		else if (*at == 'A')
			buf_puts(out, buf_text(&authority));
		else if (*at == 'b' || *at == 'B')
			text_base64(out, pem, strlen(pem));
		else
			for (; *pem; pem++)
				if (*pem == '\n' && (*at == 'c' || *at == 'k'))
					buf_puts(out, "\\n");
				else
					buf_putc(out, *pem);
	}
}

static void talk_seed(const char *replies)
{
	for (unsigned verb = 0; verb < DRIVER_VERB_COUNT; verb++)
		for (unsigned replaces = 0; replaces < 3; replaces++) {
			AUTO(buf) out = { 0 };

			buf_printf(&out, "%u0%u", verb, replaces);
			talk_fill(&out, replies);
			seed(out.data, out.len);
		}
}

#endif
