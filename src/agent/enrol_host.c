/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/enrol_host.h"

#include "agent/confine.h"
#include "agent/enrol_key.h"
#include "agent/ipc.h"
#include "agent/trust_grant.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/text.h"
#include "pki/enrol_tls.h"
#include "wire/enrol_message.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
	GRANT_MS = 60000,   /* meanwhile the operator issues the certificate */
	DELIVER_MS = 15000, /* for the delivery of the receipt */
};

struct waiting {
	const struct agent_enrolment *how;
	struct arena arena;
	struct enrol_key *own;
	struct der csr;
	struct ipc channel; /* to the network half */
	pid_t reception;    /* the network half; 0: not started */
	int64_t end_ms;
	/* TLS binding of the latest client, and whether it proved to know the token */
	uint8_t binding[ENROL_TLS_BINDING_BYTES];
	bool proven;
	unsigned failures;
	bool granted; /* files were written, or the attempt failed */
	bool done;
};

static void waiting_release(struct waiting *w)
{
	ipc_release(&w->channel);
	if (w->reception > 0)
		confine_end(w->reception, w->granted ? DELIVER_MS : 0);
	enrol_key_free(w->own);
	arena_release(&w->arena);
}
AUTO_STRUCT(waiting, struct waiting, waiting_release)

static void enrol_host_report(const struct waiting *w, const char *fmt, ...) PRINTF(2, 3);

static void enrol_host_report(const struct waiting *w, const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	w->how->tell(w->how->ctx, text);
}

static struct enrol_auth enrol_host_auth(const struct waiting *w)
{
	return (struct enrol_auth){ w->how->token, w->binding, sizeof(w->binding) };
}

static bool wrong_proof(struct waiting *w, struct err *e)
{
	w->failures++;
	enrol_host_report(
		w,
		"warning: a client proved another token, or the connection was intercepted (%u of %d)",
		w->failures, INVITE_FAILURES);
	return w->failures < INVITE_FAILURES ||
	       err_set(e, ERR_CRYPTO, "%d proofs of the token were wrong; make a new invite",
		       INVITE_FAILURES);
}

/* ---- messages of the network half ---- */

/* An empty answer refuses. */
static bool take_visit(struct waiting *w, struct message *m, struct secret *answer, struct err *e)
{
	struct fields f = fields_of(&m->body);
	const unsigned char *binding = fields_bytes(&f, ENROL_TLS_BINDING_BYTES);
	AUTO(secret) hello = { 0 };
	size_t len = 0;
	const unsigned char *rest = fields_rest(&f, &len);
	const struct enrol_auth auth = enrol_host_auth(w);

	w->proven = false;
	if (!binding)
		return wrong_proof(w, e);
	memcpy(w->binding, binding, sizeof(w->binding));
	secret_copy(&hello, rest, len);
	if (!enrol_hello_holds(&auth, &hello))
		return wrong_proof(w, e);
	w->proven = true;
	if (w->end_ms < clock_mono_ms() + GRANT_MS)
		w->end_ms = clock_mono_ms() + GRANT_MS;
	enrol_request_write(&auth, w->csr, answer);
	return true;
}

/* A failed write ends the enrolment, but the receipt tells the operator why. */
static bool take_grant(struct waiting *w, const struct message *m, struct secret *answer,
		       struct err *e)
{
	const struct enrol_auth auth = enrol_host_auth(w);
	struct grant grant = { 0 };
	struct receipt receipt = { 0 };
	struct err why = { 0 };

	if (!w->proven)
		return wrong_proof(w, e);
	w->proven = false;
	if (!enrol_grant_read(&auth, &m->body, &w->arena, &grant, &why)) {
		if (why.code == ERR_CRYPTO)
			return wrong_proof(w, e);
		enrol_host_report(w, "the operator's enrolment failed: %s", why.text);
		return true;
	}
	w->granted = true;
	w->done = trust_grant_write(w->how->config, &grant.admission, &receipt, e) &&
		  enrol_key_finish(w->own, &grant, e);
	receipt.written = w->done;
	if (!w->done && receipt.note_count < RECEIPT_NOTES)
		receipt.notes[receipt.note_count++] = e->text;
	enrol_receipt_write(&auth, &receipt, answer);
	for (size_t i = 0; w->done && i < receipt.note_count; i++)
		enrol_host_report(w, "warning: %s", receipt.notes[i]);
	return w->done;
}

/* A client that breaks off may connect again. */
static bool take_message(struct waiting *w, struct message *m, struct err *e)
{
	AUTO(message) back = { .kind = m->kind, .number = m->number };
	AUTO(buf) shown = { 0 };
	struct err unheard = { 0 };
	bool good = true;

	if (m->kind == MESSAGE_LEFT) {
		text_escape(&shown, (const char *)m->body.bytes, m->body.len);
		enrol_host_report(w, "the operator's enrolment failed: %s", buf_text(&shown));
		return true;
	}
	if (m->kind == MESSAGE_ENROL_HELLO)
		good = take_visit(w, m, &back.body, e);
	else if (m->kind == MESSAGE_GRANT)
		good = take_grant(w, m, &back.body, e);
	return ipc_post(&w->channel, &back, good ? e : &unheard) && good;
}

static bool wait_for_operator(struct waiting *w, struct err *e)
{
	char words[DURATION_TEXT];

	w->end_ms = clock_mono_ms() + w->how->wait * 1000;
	while (!w->done) {
		AUTO(message) m = { 0 };

		if (ipc_wait(&w->channel, w->end_ms, &m, e)) {
			if (!take_message(w, &m, e))
				return false;
			continue;
		}
		if (e->code == ERR_STOPPED)
			return err_set(e, ERR_STOPPED, "stopped; nothing was written");
		if (e->code == ERR_BUSY)
			return err_set(e, ERR_REMOTE,
				       "no operator came within %s; make a new invite",
				       duration_words(w->how->wait, words));
		return err_in(e, "the enrolling process");
	}
	return true;
}

/* ---- the two halves ---- */

/* The child has seen no key, and wipes the token. */
static bool begin_reception(struct waiting *w, int listener, struct err *e)
{
	int ends[2];
	struct reception_start start = {
		.listener = listener,
		.other = getpid(),
		.user = w->how->config->user,
	};
	struct err why = { 0 };

	if (!ipc_pair(ends, e))
		return false;
	w->channel = ipc_of(ends[0]);
	w->channel.from = FROM_NETWORK;
	start.channel = ends[1];
	w->reception = fork();
	if (w->reception == 0) {
		ipc_release(&w->channel);
		secret_release(w->how->token);
		if (reception_run(&start, &why) || why.code == ERR_MISSING)
			_exit(0);
		enrol_host_report(w, "the enrolling process: %s", why.text);
		_exit(1);
	}
	close(ends[1]);
	return w->reception > 0 || err_sys(e, "cannot start the enrolling process");
}

bool agent_enrol(const struct agent_enrolment *how, struct err *e)
{
	AUTO(waiting) w = { .how = how, .channel = NO_CHANNEL };
	AUTO(fd) listener = -1;
	uid_t user = 0;

	if (!enrol_key_begin(how->config, &w.own, e))
		return false;
	if (enrol_key_is_complete(w.own)) {
		enrol_host_report(&w, "an enrolment was cut short here, and is complete now");
		return true;
	}
	if (!confine_user(how->config->user, &user, e) ||
	    !agent_listen(how->config, &listener, e) || !begin_reception(&w, listener, e) ||
	    !enrol_key_request(w.own, &w.arena, &w.csr, e))
		return false;
	close(TAKE_FD(listener));
	how->ready(how->ctx);
	return wait_for_operator(&w, e);
}
