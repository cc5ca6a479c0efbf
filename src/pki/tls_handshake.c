/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/tls_handshake.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/loop.h"
#include "base/text.h"
#include "crypto/crypto.h"
#include "pki/gnutls_handle.h"
#include "pki/pair.h"
#include "pki/starttls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>

/* Finite field groups are slow, and no server depends on them any more. */
#define PRIORITY                                              \
	"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-DHE-RSA" \
	":-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1"          \
	":+GROUP-SECP384R1:+GROUP-SECP521R1"
#define NO_RSA ":-RSA:-ECDHE-RSA"
#define NO_ECDSA ":-ECDHE-ECDSA"

enum {
	WARNING_LIMIT = 8, /* non-fatal alerts tolerated */
	PRESENTED_LIMIT = 64,
	ADDRESS_TEXT = INET6_ADDRSTRLEN + 16,
	/* types of records, RFC 8446 section 5.1 and RFC 6520 */
	RECORD_FIRST = 20,
	RECORD_LAST = 24,
};

/* What only a key of one type can answer. */
static const struct {
	const char *key; /* prefix of the key type in the fleet file */
	const char *suites;
	const char *signatures;
} offers[] = {
	/* the first entry is for any key type */
	{ "", "", "" },
	{ "rsa", NO_ECDSA,
	  ":-SIGN-ALL:+SIGN-RSA-PSS-RSAE-SHA256:+SIGN-RSA-PSS-RSAE-SHA384:+SIGN-RSA-PSS-RSAE-SHA512:+SIGN-RSA-SHA256:+SIGN-RSA-SHA384:+SIGN-RSA-SHA512" },
	{ "ecdsa-p256", NO_RSA, ":-SIGN-ALL:+SIGN-ECDSA-SECP256R1-SHA256:+SIGN-ECDSA-SHA256" },
	{ "ecdsa-p384", NO_RSA, ":-SIGN-ALL:+SIGN-ECDSA-SECP384R1-SHA384:+SIGN-ECDSA-SHA384" },
	{ "ecdsa-p521", NO_RSA, ":-SIGN-ALL:+SIGN-ECDSA-SECP521R1-SHA512:+SIGN-ECDSA-SHA512" },
	{ "ed25519", NO_RSA, ":-SIGN-ALL:+SIGN-EDDSA-ED25519" },
};
enum {
	OFFER_COUNT = sizeof(offers) / sizeof(*offers)
};

struct tls_client {
	gnutls_certificate_credentials_t credentials; /* without an identity */
	gnutls_priority_t priorities[OFFER_COUNT];
	/*
	 * TLS 1.2 by cipher suites alone: for an identity whose own key is of
	 * another type, since GnuTLS signs with what was offered.
	 */
	gnutls_priority_t by_suites[OFFER_COUNT];
};

bool tls_client_new(struct tls_client **out, struct err *e)
{
	AUTO(tls_client) c = xcalloc(1, sizeof(*c));
	int rc = gnutls_certificate_allocate_credentials(&c->credentials);

	for (size_t i = 0; rc >= 0 && i < OFFER_COUNT; i++) {
		AUTO(buf) text = { 0 };
		AUTO(buf) by_suites = { 0 };

		buf_printf(&text, PRIORITY "%s%s", offers[i].suites, offers[i].signatures);
		buf_printf(&by_suites, PRIORITY ":-VERS-TLS1.3%s", offers[i].suites);
		rc = gnutls_priority_init(&c->priorities[i], buf_text(&text), NULL);
		if (rc >= 0)
			rc = gnutls_priority_init(&c->by_suites[i], buf_text(&by_suites), NULL);
	}
	if (rc < 0)
		return err_gnutls(e, rc, "cannot prepare TLS");
	*out = TAKE(c);
	return true;
}

void tls_client_free(struct tls_client *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < OFFER_COUNT; i++) {
		if (c->priorities[i])
			gnutls_priority_deinit(c->priorities[i]);
		if (c->by_suites[i])
			gnutls_priority_deinit(c->by_suites[i]);
	}
	if (c->credentials)
		gnutls_certificate_free_credentials(c->credentials);
	free(c);
}

struct handshake {
	struct tls_client *client;
	const struct tls_probe *probe;
	const union tls_address *to;
	struct arena *arena;
	struct tls_outcome *out;
	gnutls_certificate_credentials_t credentials;
	int64_t end_ms;
	int fd;
	unsigned char first; /* byte that the server sent */
	bool heard;          /* there was one */
};

/* Every record begins with its type. */
static bool is_record_type(unsigned char byte)
{
	return byte >= RECORD_FIRST && byte <= RECORD_LAST;
}

/* ---- failures ---- */

static const char *address_text(const struct handshake *h, char text[ADDRESS_TEXT])
{
	const union tls_address *to = h->to;
	char ip[INET6_ADDRSTRLEN] = "";

	if (to->any.sa_family == AF_INET6) {
		inet_ntop(AF_INET6, &to->v6.sin6_addr, ip, sizeof(ip));
		snprintf(text, ADDRESS_TEXT, "[%s]:%u", ip, ntohs(to->v6.sin6_port));
	} else {
		inet_ntop(AF_INET, &to->v4.sin_addr, ip, sizeof(ip));
		snprintf(text, ADDRESS_TEXT, "%s:%u", ip, ntohs(to->v4.sin_port));
	}
	return text;
}

/* A wait for what the handshake is `doing` has ended: by a stop, or at the deadline. */
static bool fail_waiting(struct handshake *h, const char *doing)
{
	char address[ADDRESS_TEXT];

	h->out->stopped = loop_is_stopped();
	h->out->expired = !h->out->stopped;
	h->out->error =
		arena_printf(h->arena, "%s %s did not end within %lld ms", doing,
			     address_text(h, address), (long long)tls_probe_timeout(h->probe));
	return false;
}

static bool fail_connecting(struct handshake *h, int error)
{
	char address[ADDRESS_TEXT];

	h->out->refused = error == ECONNREFUSED;
	h->out->unreachable = error == ECONNREFUSED || error == ENETUNREACH || error == ENETDOWN ||
			      error == EADDRNOTAVAIL || error == EAFNOSUPPORT;
	h->out->error = arena_printf(h->arena, "cannot connect to %s: %s", address_text(h, address),
				     strerror(error));
	return false;
}

/*
 * A server that asked for a client certificate before it ended the handshake did so for
 * want of it.
 */
static int fail_handshake(struct handshake *h, gnutls_session_t session, int rc)
{
	char address[ADDRESS_TEXT];
	char words[128];
	bool alert = rc == GNUTLS_E_FATAL_ALERT_RECEIVED;
	bool ended = alert || rc == GNUTLS_E_PREMATURE_TERMINATION || rc == GNUTLS_E_PULL_ERROR ||
		     rc == GNUTLS_E_PUSH_ERROR;
	const char *why =
		alert ? gnutls_alert_get_name(gnutls_alert_get(session)) : gnutls_words(rc, words);

	h->out->plain = h->heard && !is_record_type(h->first);
	h->out->barred = ended && gnutls_certificate_client_get_request_status(session) == 1;
	h->out->error = arena_printf(
		h->arena, "TLS handshake with %s failed: %s%s%s", address_text(h, address),
		alert ? "it sent the alert " : "", why ? why : "unknown",
		h->out->plain     ? ", since it answers in the clear"
		: !h->out->barred ? ""
		: h->probe->identity.certificate
			? ", after it was shown the client certificate of 'identity'"
			: ", since it demands a client certificate");
	return rc;
}

/* ---- the parts of a handshake ---- */

static bool connect_address(struct handshake *h, int *fd)
{
	int one = 1;
	int error = 0;
	socklen_t len = sizeof(error);

	*fd = socket(h->to->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (*fd < 0)
		return fail_connecting(h, errno);
	setsockopt(*fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connect(*fd, &h->to->any, tls_address_len(h->to)) == 0)
		return true;
	if (errno != EINPROGRESS)
		return fail_connecting(h, errno);
	if (!loop_wait(*fd, POLLOUT, h->end_ms))
		return fail_waiting(h, "connecting to");
	if (getsockopt(*fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		error = errno;
	return !error || fail_connecting(h, error);
}

/* The PROXY header of a connection that the proxy makes for itself, version 2: LOCAL. */
static bool say_proxy_header(struct handshake *h, int fd)
{
	static const char local[] = "\r\n\r\n\0\r\nQUIT\n\x20\0\0";

	/* with the NUL at its end; the first bytes of a connection fit in its buffer */
	if (!h->probe->proxy_protocol ||
	    send(fd, local, sizeof(local), MSG_NOSIGNAL) == (ssize_t)sizeof(local))
		return true;
	return fail_connecting(h, errno);
}

static bool say_starttls(struct handshake *h, int fd)
{
	char address[ADDRESS_TEXT];
	const char *why = NULL;
	const struct starttls_ask ask = {
		.kind = h->probe->starttls,
		.name = h->probe->server_name ? h->probe->server_name : h->probe->host,
		.fd = fd,
		.end_ms = h->end_ms,
	};

	h->out->connected = true;
	if (starttls_agree(&ask, h->arena, &why))
		return true;
	if (!why)
		return fail_waiting(h, "STARTTLS with");
	h->out->error = arena_printf(h->arena, "STARTTLS with %s failed: %s",
				     address_text(h, address), why);
	return false;
}

/* As GnuTLS receives by itself; only the first byte tells what speaks no TLS at all. */
static ssize_t session_pull(gnutls_transport_ptr_t ctx, void *bytes, size_t len)
{
	struct handshake *h = ctx;
	ssize_t got = recv(h->fd, bytes, len, 0);

	if (got > 0 && !h->heard) {
		h->heard = true;
		h->first = *(const unsigned char *)bytes;
	}
	return got;
}

static int begin_session(struct handshake *h, gnutls_priority_t offer, gnutls_session_t *out)
{
	const char *name = h->probe->server_name;
	unsigned char ip[16];
	int rc = gnutls_init(out, GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL |
					  GNUTLS_NO_TICKETS | GNUTLS_KEY_SHARE_TOP |
					  GNUTLS_FORCE_CLIENT_CERT);

	if (rc >= 0)
		rc = gnutls_priority_set(*out, offer);
	if (rc >= 0)
		rc = gnutls_credentials_set(*out, GNUTLS_CRD_CERTIFICATE, h->credentials);
	/* RFC 6066, section 3: no SNI for an IP address. */
	if (rc >= 0 && name && inet_pton(AF_INET, name, ip) != 1 &&
	    inet_pton(AF_INET6, name, ip) != 1)
		rc = gnutls_server_name_set(*out, GNUTLS_NAME_DNS, name, strlen(name));
	if (rc >= 0)
		gnutls_transport_set_ptr2(*out, h, (gnutls_transport_ptr_t)(intptr_t)h->fd);
	if (rc >= 0)
		gnutls_transport_set_pull_function(*out, session_pull);
	return rc;
}

static int take_certificates(struct handshake *h, gnutls_session_t session)
{
	unsigned count = 0;
	const gnutls_datum_t *certs = gnutls_certificate_get_peers(session, &count);
	struct der presented[PRESENTED_LIMIT];
	char fingerprint[FINGERPRINT_TEXT];

	if (!certs || count == 0 || count > PRESENTED_LIMIT)
		return fail_handshake(h, session, GNUTLS_E_NO_CERTIFICATE_FOUND);
	for (unsigned i = 0; i < count; i++)
		presented[i] = (struct der){ certs[i].data, certs[i].size };
	sha256_text(certs[0].data, certs[0].size, fingerprint);

	struct cert_set kept =
		cert_set_copy(&(struct cert_set){ .certs = presented, .count = count }, h->arena);

	*h->out = (struct tls_outcome){
		.completed = true,
		.leaf = { .fingerprint = arena_strdup(h->arena, fingerprint),
			  .der = kept.certs[0] },
		.chain = { .digest = chain_digest(presented, count, h->arena),
			   .above = kept.certs + 1,
			   .above_count = kept.count - 1 },
	};
	gnutls_bye(session, GNUTLS_SHUT_WR);
	return 0;
}

/* GnuTLS's code of a handshake that failed; 0: completed, or failed for another reason. */
static int shake_hands(struct handshake *h, gnutls_priority_t offer)
{
	AUTO(fd) fd = -1;
	AUTO(session) session = NULL;
	unsigned warnings = 0;
	int rc = 0;

	*h->out = (struct tls_outcome){ 0 };
	if (!connect_address(h, &fd) || !say_proxy_header(h, fd) || !say_starttls(h, fd))
		return 0;
	h->fd = fd;
	h->heard = false;
	rc = begin_session(h, offer, &session);
	if (rc < 0)
		return fail_handshake(h, session, rc);
	for (;;) {
		rc = gnutls_handshake(session);
		if (rc == GNUTLS_E_SUCCESS)
			return take_certificates(h, session);
		if (rc == GNUTLS_E_AGAIN || rc == GNUTLS_E_INTERRUPTED) {
			short events = gnutls_record_get_direction(session) ? POLLOUT : POLLIN;

			if (loop_wait(fd, events, h->end_ms))
				continue;
			fail_waiting(h, "TLS handshake with");
			return 0;
		}
		if (gnutls_error_is_fatal(rc) || ++warnings > WARNING_LIMIT)
			return fail_handshake(h, session, rc);
	}
}

/* Read for each handshake, so that a renewed identity counts at once. */
static bool identity_credentials(struct handshake *h, gnutls_certificate_credentials_t *out)
{
	const struct verify_identity *i = &h->probe->identity;
	AUTO(secret) certs = { 0 };
	AUTO(secret) key = { 0 };
	AUTO(secret) pkcs8 = { 0 };
	struct cert_set set = { 0 };
	struct err e = { 0 };
	gnutls_datum_t key_text;
	gnutls_datum_t certs_text;
	int rc;

	if (!i->certificate)
		return true;
	if (pem_file_certs(i->certificate, h->arena, &certs, &set, &e) &&
	    pem_file_key(i->key, &key, &pkcs8, &e)) {
		certs_text = datum_of_secret(&certs);
		key_text = datum_of_secret(&key);
		rc = gnutls_certificate_allocate_credentials(out);
		if (rc >= 0)
			rc = gnutls_certificate_set_x509_key_mem(*out, &certs_text, &key_text,
								 GNUTLS_X509_FMT_PEM);
		if (rc >= 0)
			return true;
		err_gnutls(&e, rc, "'%s' and '%s' are no pair", i->certificate, i->key);
	}
	h->out->barred = true;
	h->out->error = arena_printf(h->arena,
				     "cannot use the client certificate of 'identity': %s", e.text);
	return false;
}

static size_t offer_for(const char *key)
{
	for (size_t i = 1; key && i < OFFER_COUNT; i++)
		if (strncmp(offers[i].key, key, strlen(offers[i].key)) == 0)
			return i;
	return 0;
}

void tls_handshake(struct tls_client *client, const struct tls_probe *probe,
		   const union tls_address *to, struct arena *a, struct tls_outcome *out)
{
	AUTO(credentials) identity = NULL;
	struct handshake h = { .client = client,
			       .probe = probe,
			       .to = to,
			       .arena = a,
			       .out = out,
			       .end_ms = clock_mono_ms() + tls_probe_timeout(probe) };
	size_t offer = offer_for(probe->key);
	int rc = 0;

	if (!identity_credentials(&h, &identity))
		return;
	h.credentials = identity ? identity : client->credentials;
	rc = shake_hands(&h, client->priorities[offer]);
	if (offer && rc < 0 && identity)
		rc = shake_hands(&h, client->by_suites[offer]);

	/*
	 * Reconnects for any key type after a server refused the one asked for: the
	 * certificate it serves instead is worth knowing.
	 */
	if (offer && rc < 0 && !out->barred)
		shake_hands(&h, client->priorities[0]);
}
