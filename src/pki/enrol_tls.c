/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/enrol_tls.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/stop.h"
#include "base/text.h"
#include "pki/gnutls_handle.h"
#include "pki/issue.h"
#include "pki/tls_lookup.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#define PRIORITY "NORMAL:-VERS-ALL:+VERS-TLS1.3:%NO_TICKETS"

enum {
	HEAD_BYTES = 4,
	HANDSHAKE_LIMIT = 16 * 1024, /* bytes of one handshake message */
	WARNING_LIMIT = 8,           /* non-fatal alerts tolerated */
	POLL_MS = 100,               /* delay until a stop is noticed */
	HOST_LIFE = 86400,           /* validity of the server certificate, seconds */
};

struct enrol_tls_host {
	gnutls_certificate_credentials_t credentials;
};

struct enrol_tls {
	int fd;
	gnutls_certificate_credentials_t credentials; /* NULL: the host's */
	gnutls_session_t session;
	bool open; /* the handshake is done */
	bool persists;
	unsigned warnings;
	uint8_t binding[ENROL_TLS_BINDING_BYTES];
	uint8_t head[HEAD_BYTES]; /* length prefix of the incoming message */
	size_t head_got;
	struct secret body;
	size_t body_got;
};

/* ---- life ---- */

void enrol_tls_close(struct enrol_tls *l)
{
	if (!l)
		return;
	if (l->session)
		gnutls_deinit(l->session);
	if (l->credentials)
		gnutls_certificate_free_credentials(l->credentials);
	fd_auto(&l->fd);
	secret_release(&l->body);
	free(l);
}

void enrol_tls_host_free(struct enrol_tls_host *h)
{
	if (!h)
		return;
	if (h->credentials)
		gnutls_certificate_free_credentials(h->credentials);
	free(h);
}

bool enrol_tls_host_new(struct enrol_tls_host **out, struct err *e)
{
	AUTO(enrol_tls_host) h = xcalloc(1, sizeof(*h));
	AUTO(pair) pair = { 0 };
	const struct certificate c = { .name = "enrolment",
				       .subject = "CN=certfleet enrolment",
				       .validity = HOST_LIFE,
				       .purpose = PURPOSE_SERVER };
	AUTO(secret) made = { 0 };
	gnutls_datum_t key = { 0 };
	gnutls_datum_t leaf = { 0 };

	if (!key_generate(KEY_ECDSA_P256, &made, e) ||
	    !issue_leaf(&c, &made, NULL, clock_now(), &pair, e))
		return false;
	key = datum_of_secret(&pair.key);
	leaf = datum_of(pair.set.certs[0]);

	int rc = gnutls_certificate_allocate_credentials(&h->credentials);

	if (rc >= 0)
		rc = gnutls_certificate_set_x509_key_mem2(
			h->credentials, &leaf, &key, GNUTLS_X509_FMT_DER, NULL, GNUTLS_PKCS_PLAIN);
	if (rc < 0)
		return err_gnutls(e, rc, "cannot prepare TLS");
	*out = TAKE(h);
	return true;
}

/* ---- the handshake ---- */

static int enrol_tls_begin_session(struct enrol_tls *l, unsigned side,
				   gnutls_certificate_credentials_t credentials)
{
	const gnutls_datum_t protocol = datum_of_text(ENROL_TLS_PROTOCOL);
	int rc = gnutls_init(&l->session,
			     side | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL | GNUTLS_NO_TICKETS);

	if (rc >= 0)
		rc = gnutls_priority_set_direct(l->session, PRIORITY, NULL);
	if (rc >= 0)
		rc = gnutls_credentials_set(l->session, GNUTLS_CRD_CERTIFICATE, credentials);
	if (rc >= 0)
		rc = gnutls_alpn_set_protocols(l->session, &protocol, 1, GNUTLS_ALPN_MANDATORY);
	if (rc < 0)
		return rc;
	gnutls_handshake_set_max_packet_length(l->session, HANDSHAKE_LIMIT);
	gnutls_transport_set_int(l->session, l->fd);
	return 0;
}

struct enrol_tls *enrol_tls_accept(const struct enrol_tls_host *host, int fd)
{
	AUTO(enrol_tls) l = xcalloc(1, sizeof(*l));

	l->fd = fd;
	/* without a session enrol_tls_advance() fails */
	if (enrol_tls_begin_session(l, GNUTLS_SERVER, host->credentials) < 0)
		gnutls_deinit(TAKE(l->session));
	return TAKE(l);
}

static bool finish_handshake(struct enrol_tls *l, struct err *e)
{
	AUTO(secret_datum) binding = { 0 };
	gnutls_datum_t chosen = { 0 };
	int rc = gnutls_alpn_get_selected_protocol(l->session, &chosen);

	/* A peer without ALPN passes GNUTLS_ALPN_MANDATORY: no protocol is selected then. */
	if (rc < 0 || chosen.size != strlen(ENROL_TLS_PROTOCOL) ||
	    memcmp(chosen.data, ENROL_TLS_PROTOCOL, chosen.size) != 0)
		return err_set(e, ERR_REMOTE, "no agent waits for its enrolment there");
	rc = gnutls_session_channel_binding(l->session, GNUTLS_CB_TLS_EXPORTER, &binding);
	if (rc < 0)
		return err_gnutls(e, rc, "cannot bind to the connection");
	if (binding.size != ENROL_TLS_BINDING_BYTES)
		return err_set(e, ERR_CRYPTO, "cannot bind to the connection: %u bytes",
			       binding.size);
	memcpy(l->binding, binding.data, sizeof(l->binding));
	l->open = true;
	return true;
}

/* Outcome of one failed GnuTLS call: wait for the socket, retry, or give up. */
enum enrol_tls_outcome {
	OUTCOME_WAITS,
	OUTCOME_AGAIN,
	OUTCOME_FAILED,
};

static enum enrol_tls_outcome enrol_tls_check(struct enrol_tls *l, int rc, const char *what,
					      struct err *e)
{
	if (rc == GNUTLS_E_AGAIN || rc == GNUTLS_E_INTERRUPTED)
		return OUTCOME_WAITS;
	if (!gnutls_error_is_fatal(rc) && ++l->warnings <= WARNING_LIMIT)
		return OUTCOME_AGAIN;
	err_gnutls(e, rc, "%s", what);
	e->code = ERR_REMOTE;
	if (rc == GNUTLS_E_FATAL_ALERT_RECEIVED) {
		const char *name = gnutls_alert_get_name(gnutls_alert_get(l->session));

		err_set(e, ERR_REMOTE, "%s: it sent the alert %s", what, name ? name : "unknown");
	}
	return OUTCOME_FAILED;
}

static enum enrol_tls_state enrol_tls_shake_hands(struct enrol_tls *l, struct err *e)
{
	for (;;) {
		int rc = gnutls_handshake(l->session);

		if (rc == GNUTLS_E_SUCCESS)
			return finish_handshake(l, e) ? ENROL_TLS_MESSAGE : ENROL_TLS_ENDED;
		switch (enrol_tls_check(l, rc, "the TLS handshake failed", e)) {
		case OUTCOME_WAITS:
			return ENROL_TLS_WAITS;
		case OUTCOME_AGAIN:
			break;
		case OUTCOME_FAILED:
			return ENROL_TLS_ENDED;
		}
	}
}

/* ---- messages ---- */

/* Reads up to `len` bytes; *got is 0 unless ENROL_TLS_MESSAGE. */
static enum enrol_tls_state read_some(struct enrol_tls *l, void *to, size_t len, size_t *got,
				      struct err *e)
{
	*got = 0;
	for (;;) {
		ssize_t n = gnutls_record_recv(l->session, to, len);

		if (n > 0) {
			*got = (size_t)n;
			return ENROL_TLS_MESSAGE;
		}
		if (n == 0 || n == GNUTLS_E_PREMATURE_TERMINATION) {
			err_set(e, ERR_MISSING, "the other side closed the connection");
			return ENROL_TLS_ENDED;
		}
		switch (enrol_tls_check(l, (int)n, "cannot read", e)) {
		case OUTCOME_WAITS:
			return ENROL_TLS_WAITS;
		case OUTCOME_AGAIN:
			break;
		case OUTCOME_FAILED:
			return ENROL_TLS_ENDED;
		}
	}
}

static size_t head_length(const uint8_t head[HEAD_BYTES])
{
	return (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
}

static enum enrol_tls_state enrol_tls_read_head(struct enrol_tls *l, size_t limit, struct err *e)
{
	while (l->head_got < HEAD_BYTES) {
		size_t got = 0;
		enum enrol_tls_state state =
			read_some(l, l->head + l->head_got, HEAD_BYTES - l->head_got, &got, e);

		if (state != ENROL_TLS_MESSAGE)
			return state;
		l->head_got += got;
	}
	if (l->body.bytes)
		return ENROL_TLS_MESSAGE;
	if (head_length(l->head) > limit) {
		err_set(e, ERR_REMOTE, "it sends a message of %zu bytes", head_length(l->head));
		return ENROL_TLS_ENDED;
	}
	secret_alloc(&l->body, head_length(l->head));
	return ENROL_TLS_MESSAGE;
}

enum enrol_tls_state enrol_tls_advance(struct enrol_tls *l, size_t limit, struct err *e)
{
	enum enrol_tls_state state = ENROL_TLS_MESSAGE;

	if (!l->session) {
		err_set(e, ERR_CRYPTO, "cannot begin TLS");
		return ENROL_TLS_ENDED;
	}
	if (!l->open)
		state = enrol_tls_shake_hands(l, e);
	if (state == ENROL_TLS_MESSAGE)
		state = enrol_tls_read_head(l, limit, e);
	while (state == ENROL_TLS_MESSAGE && l->body_got < l->body.len) {
		size_t got = 0;

		state = read_some(l, l->body.bytes + l->body_got, l->body.len - l->body_got, &got,
				  e);
		l->body_got += got;
	}
	return state;
}

void enrol_tls_take(struct enrol_tls *l, struct secret *out)
{
	*out = TAKE(l->body);
	l->head_got = 0;
	l->body_got = 0;
}

int enrol_tls_fd(const struct enrol_tls *l)
{
	return l->fd;
}

short enrol_tls_events(const struct enrol_tls *l)
{
	return l->session && gnutls_record_get_direction(l->session) ? POLLOUT : POLLIN;
}

const uint8_t *enrol_tls_binding(const struct enrol_tls *l)
{
	return l->binding;
}

void enrol_tls_persist(struct enrol_tls *l)
{
	l->persists = true;
}

/* ---- waiting ---- */

static bool enrol_tls_wait_for(const struct enrol_tls *l, short events, int64_t end_ms,
			       struct err *e)
{
	for (;;) {
		struct pollfd fd = { .fd = l->fd, .events = events };
		int64_t left = end_ms - clock_mono_ms();

		if (stop_requested() && !l->persists)
			return err_set(e, ERR_STOPPED, "stopped");
		if (left <= 0)
			return err_set(e, ERR_REMOTE, "the other side does not answer");
		if (poll(&fd, 1, left < POLL_MS ? (int)left : POLL_MS) > 0)
			return true;
	}
}

bool enrol_tls_receive(struct enrol_tls *l, const struct enrol_tls_wait *wait, struct secret *out,
		       struct err *e)
{
	for (;;) {
		switch (enrol_tls_advance(l, wait->limit, e)) {
		case ENROL_TLS_MESSAGE:
			enrol_tls_take(l, out);
			return true;
		case ENROL_TLS_ENDED:
			return false;
		case ENROL_TLS_WAITS:
			break;
		}
		if (!enrol_tls_wait_for(l, enrol_tls_events(l), wait->end_ms, e))
			return false;
	}
}

static bool enrol_tls_send_all(struct enrol_tls *l, const struct secret *bytes, int64_t end_ms,
			       struct err *e)
{
	size_t done = 0;

	while (done < bytes->len) {
		ssize_t n = gnutls_record_send(l->session, bytes->bytes + done, bytes->len - done);

		if (n >= 0) {
			done += (size_t)n;
			continue;
		}
		switch (enrol_tls_check(l, (int)n, "cannot write", e)) {
		case OUTCOME_WAITS:
			if (!enrol_tls_wait_for(l, POLLOUT, end_ms, e))
				return false;
			break;
		case OUTCOME_AGAIN:
			break;
		case OUTCOME_FAILED:
			return false;
		}
	}
	return true;
}

bool enrol_tls_send(struct enrol_tls *l, const struct secret *message, int64_t end_ms,
		    struct err *e)
{
	AUTO(secret) whole = { 0 };
	size_t len = message->len;
	const uint8_t head[HEAD_BYTES] = { (uint8_t)(len >> 24), (uint8_t)(len >> 16),
					   (uint8_t)(len >> 8), (uint8_t)len };

	secret_alloc(&whole, HEAD_BYTES + len);
	memcpy(whole.bytes, head, HEAD_BYTES);
	if (len)
		memcpy(whole.bytes + HEAD_BYTES, message->bytes, len);
	return enrol_tls_send_all(l, &whole, end_ms, e);
}

/* ---- connecting ---- */

/* Replaces the socket of `l` by one connected to `to`. */
static bool connect_to(struct enrol_tls *l, const union tls_address *to, int64_t end_ms,
		       struct err *e)
{
	int error = 0;
	socklen_t len = sizeof(error);

	fd_auto(&l->fd);
	l->fd = socket(to->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (l->fd < 0)
		return err_sys(e, "cannot make a socket");
	if (connect(l->fd, &to->any, tls_address_len(to)) < 0 && errno != EINPROGRESS)
		return err_sys(e, "cannot connect");
	if (!enrol_tls_wait_for(l, POLLOUT, end_ms, e))
		return err_in(e, "cannot connect");
	if (getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		error = errno;
	errno = error;
	return !error || err_sys(e, "cannot connect");
}

static bool connect_any(struct enrol_tls *l, const struct enrol_tls_target *to, int64_t end_ms,
			struct err *e)
{
	AUTO(name_lookup) lookup = lookup_start(to->host, to->port);
	union tls_address found[LOOKUP_ADDRESSES];
	const char *why = "";
	size_t count = 0;

	while (!lookup_is_done(lookup)) {
		if (stop_requested())
			return err_set(e, ERR_STOPPED, "stopped");
		if (clock_mono_ms() >= end_ms)
			return err_set(e, ERR_REMOTE, "its name was not found in time");
		clock_sleep_ms(POLL_MS / 5);
	}
	count = lookup_result(lookup, found, &why);
	if (!count)
		return err_set(e, ERR_REMOTE, "cannot connect: %s", why);
	for (size_t i = 0; i < count; i++) {
		*e = (struct err){ 0 };
		if (connect_to(l, &found[i], end_ms, e))
			return true;
	}
	if (e->code != ERR_STOPPED)
		e->code = ERR_REMOTE;
	return false;
}

static bool open_session(struct enrol_tls *l, int64_t end_ms, struct err *e)
{
	int rc = gnutls_certificate_allocate_credentials(&l->credentials);

	if (rc >= 0)
		rc = enrol_tls_begin_session(l, GNUTLS_CLIENT, l->credentials);
	if (rc < 0)
		return err_gnutls(e, rc, "cannot begin TLS");
	for (;;) {
		enum enrol_tls_state state = enrol_tls_shake_hands(l, e);

		if (state != ENROL_TLS_WAITS)
			return state == ENROL_TLS_MESSAGE;
		if (!enrol_tls_wait_for(l, enrol_tls_events(l), end_ms, e))
			return err_in(e, "the TLS handshake did not end");
	}
}

bool enrol_tls_connect(const struct enrol_tls_target *to, struct enrol_tls **out, struct err *e)
{
	AUTO(enrol_tls) l = xcalloc(1, sizeof(*l));
	int64_t end_ms = clock_mono_ms() + ENROL_TLS_CONNECT_MS;

	l->fd = -1;
	if (!connect_any(l, to, end_ms, e) || !open_session(l, end_ms, e))
		return false;
	*out = TAKE(l);
	return true;
}
