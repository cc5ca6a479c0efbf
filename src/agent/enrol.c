/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/enrol.h"

#include "agent/admission.h"
#include "agent/listener.h"
#include "agent/own_pair.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/stop.h"
#include "base/text.h"
#include "pki/link.h"
#include "wire/enrol.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>

enum {
	VISITORS = 16,    /* the oldest makes room for the next */
	HELLO_MS = 10000, /* handshake and proof */
	SEND_MS = 10000,
	GRANT_MS = 60000, /* the operator opens an authority meanwhile */
	POLL_MS = 250,
};

/* Somebody who has not proven anything yet. */
struct visitor {
	struct link *link; /* NULL: free */
	int64_t end_ms;
};

struct waiting {
	const struct agent_enrolment *how;
	struct arena arena;
	struct own_pair *own;
	struct der csr;
	struct link_host *host;
	int listener;
	struct visitor visitors[VISITORS];
	unsigned failures;
	bool done;
};

static void leave(struct visitor *v)
{
	link_close(TAKE(v->link));
}

static void waiting_release(struct waiting *w)
{
	for (size_t i = 0; i < VISITORS; i++)
		leave(&w->visitors[i]);
	link_host_free(w->host);
	own_pair_free(w->own);
	fd_auto(&w->listener);
	arena_release(&w->arena);
}
AUTO_STRUCT(waiting, struct waiting, waiting_release)

static void tell(const struct waiting *w, const char *fmt, ...) PRINTF(2, 3);

static void tell(const struct waiting *w, const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	w->how->tell(w->how->ctx, text);
}

/* ---- with the operator ---- */

static bool write_all(struct waiting *w, const struct grant *g,
		      struct receipt *r, struct err *e)
{
	r->written = admission_write(w->how->config, &g->admission, r, e) &&
		     own_pair_finish(w->own, g, e);
	if (!r->written && r->note_count < RECEIPT_NOTES)
		r->notes[r->note_count++] = e->text;
	return r->written;
}

/* That it arrives is good, but changes nothing here. */
static void send_receipt(struct link *l, const struct receipt *r)
{
	AUTO(secret) message = { 0 };
	struct err ignored = { 0 };

	link_persist(l);
	enrol_receipt_write(r, &message);
	(void)!link_send(l, &message, clock_mono_ms() + SEND_MS, &ignored);
}

static bool ask_operator(struct waiting *w, struct link *l,
			 const struct enrol_bond *b, struct grant *out,
			 struct err *e)
{
	AUTO(secret) request = { 0 };
	AUTO(secret) answer = { 0 };
	const struct link_wait wait = { ENROL_GRANT_LIMIT,
					clock_mono_ms() + GRANT_MS };

	enrol_request_write(b, w->csr, &request);
	return link_send(l, &request, clock_mono_ms() + SEND_MS, e) &&
	       link_receive(l, &wait, &answer, e) &&
	       enrol_grant_read(&answer, &w->arena, out, e);
}

/* One who breaks off may come again; what cannot be written ends it all. */
static bool serve(struct waiting *w, struct link *l, const struct enrol_bond *b,
		  struct err *e)
{
	struct grant grant = { 0 };
	struct receipt receipt = { 0 };
	struct err why = { 0 };

	if (!ask_operator(w, l, b, &grant, &why)) {
		tell(w, "the operator was here, but: %s", why.text);
		return true;
	}
	w->done = write_all(w, &grant, &receipt, e);
	send_receipt(l, &receipt);
	for (size_t i = 0; w->done && i < receipt.note_count; i++)
		tell(w, "warning: %s", receipt.notes[i]);
	return w->done;
}

/* ---- with anybody ---- */

static bool judge(struct waiting *w, struct visitor *v, struct err *e)
{
	AUTO(secret) hello = { 0 };
	AUTO(link) l = TAKE(v->link);
	const struct enrol_bond bond = { w->how->token, link_binding(l),
					 LINK_BINDING_BYTES };

	link_take(l, &hello);
	if (enrol_hello_holds(&bond, &hello))
		return serve(w, l, &bond, e);
	w->failures++;
	tell(w,
	     "warning: somebody came with another token, or stood between "
	     "(%u of %d)",
	     w->failures, INVITE_FAILURES);
	return w->failures < INVITE_FAILURES ||
	       err_set(e, ERR_CRYPTO,
		       "%d proofs of the token were wrong; make a new invite",
		       INVITE_FAILURES);
}

static bool hear(struct waiting *w, struct visitor *v, struct err *e)
{
	struct err ignored = { 0 };

	switch (link_advance(v->link, ENROL_HELLO_LIMIT, &ignored)) {
	case LINK_WAITS:
		return true;
	case LINK_ENDED:
		leave(v);
		return true;
	case LINK_MESSAGE:
		break;
	}
	return judge(w, v, e);
}

static struct visitor *find_room(struct waiting *w)
{
	struct visitor *oldest = &w->visitors[0];

	for (size_t i = 0; i < VISITORS; i++) {
		if (!w->visitors[i].link)
			return &w->visitors[i];
		if (w->visitors[i].end_ms < oldest->end_ms)
			oldest = &w->visitors[i];
	}
	leave(oldest);
	return oldest;
}

static void take_connection(struct waiting *w)
{
	int fd = accept4(w->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0)
		return;

	struct visitor *v = find_room(w);

	v->link = link_accept(w->host, fd);
	v->end_ms = clock_mono_ms() + HELLO_MS;
}

static void dismiss(struct waiting *w)
{
	for (size_t i = 0; i < VISITORS; i++)
		if (w->visitors[i].link &&
		    clock_mono_ms() >= w->visitors[i].end_ms)
			leave(&w->visitors[i]);
}

static bool turn(struct waiting *w, struct err *e)
{
	struct pollfd fds[VISITORS + 1];

	for (size_t i = 0; i < VISITORS; i++) {
		const struct link *l = w->visitors[i].link;

		fds[i] = (struct pollfd){ l ? link_fd(l) : -1,
					  l ? link_events(l) : 0, 0 };
	}
	fds[VISITORS] = (struct pollfd){ w->listener, POLLIN, 0 };
	if (poll(fds, VISITORS + 1, POLL_MS) <= 0)
		return true;
	for (size_t i = 0; i < VISITORS && !w->done; i++)
		if (fds[i].revents && !hear(w, &w->visitors[i], e))
			return false;
	if (fds[VISITORS].revents && !w->done)
		take_connection(w);
	return true;
}

static bool wait_for_operator(struct waiting *w, struct err *e)
{
	int64_t end_ms = clock_mono_ms() + w->how->wait * 1000;
	char words[DURATION_TEXT];

	while (!w->done) {
		if (stop_requested())
			return err_set(e, ERR_STOPPED,
				       "stopped; nothing was kept");
		if (clock_mono_ms() >= end_ms)
			return err_set(e, ERR_REMOTE,
				       "no operator came within %s; make a "
				       "new invite",
				       duration_words(w->how->wait, words));
		if (!turn(w, e))
			return false;
		dismiss(w);
	}
	return true;
}

bool agent_enrol(const struct agent_enrolment *how, struct err *e)
{
	AUTO(waiting) w = { .how = how, .listener = -1 };

	if (!own_pair_begin(how->config, &w.own, e))
		return false;
	if (own_pair_is_complete(w.own)) {
		tell(&w,
		     "an enrolment was cut short here, and is complete now");
		return true;
	}
	if (!own_pair_request(w.own, &w.arena, &w.csr, e) ||
	    !link_host_new(&w.host, e) ||
	    !listener_open(how->config, &w.listener, e))
		return false;
	how->ready(how->ctx);
	return wait_for_operator(&w, e);
}
