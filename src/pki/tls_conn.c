/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/tls_conn.h"

#include "base/alloc.h"
#include "base/text.h"
#include "crypto/crypto.h"
#include "pki/gnutls_handle.h"
#include "pki/pair.h"
#include "pki/starttls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
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
};

/* Priorities under which only a key of this type can complete the handshake. */
static const struct {
	const char *key; /* prefix of the key type in the fleet file */
	const char *priority;
} offers[] = {
	/* the first entry is for any key type */
	{ "", PRIORITY },
	{ "rsa", PRIORITY NO_ECDSA
	  ":-SIGN-ALL:+SIGN-RSA-PSS-RSAE-SHA256:+SIGN-RSA-PSS-RSAE-SHA384:+SIGN-RSA-PSS-RSAE-SHA512:+SIGN-RSA-SHA256:+SIGN-RSA-SHA384:+SIGN-RSA-SHA512" },
	{ "ecdsa-p256",
	  PRIORITY NO_RSA ":-SIGN-ALL:+SIGN-ECDSA-SECP256R1-SHA256:+SIGN-ECDSA-SHA256" },
	{ "ecdsa-p384",
	  PRIORITY NO_RSA ":-SIGN-ALL:+SIGN-ECDSA-SECP384R1-SHA384:+SIGN-ECDSA-SHA384" },
	{ "ecdsa-p521",
	  PRIORITY NO_RSA ":-SIGN-ALL:+SIGN-ECDSA-SECP521R1-SHA512:+SIGN-ECDSA-SHA512" },
	{ "ed25519", PRIORITY NO_RSA ":-SIGN-ALL:+SIGN-EDDSA-ED25519" },
};
enum {
	OFFER_COUNT = sizeof(offers) / sizeof(*offers)
};

struct tls_client {
	gnutls_certificate_credentials_t credentials;
	gnutls_priority_t priorities[OFFER_COUNT];
};

bool tls_client_new(struct tls_client **out, struct err *e)
{
	AUTO(tls_client) c = xcalloc(1, sizeof(*c));
	int rc = gnutls_certificate_allocate_credentials(&c->credentials);

	for (size_t i = 0; rc >= 0 && i < OFFER_COUNT; i++)
		rc = gnutls_priority_init(&c->priorities[i], offers[i].priority, NULL);
	if (rc < 0)
		return err_gnutls(e, rc, "cannot prepare TLS");
	*out = TAKE(c);
	return true;
}

void tls_client_free(struct tls_client *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < OFFER_COUNT; i++)
		if (c->priorities[i])
			gnutls_priority_deinit(c->priorities[i]);
	if (c->credentials)
		gnutls_certificate_free_credentials(c->credentials);
	free(c);
}

struct tls_conn {
	struct tls_client *client;
	struct tls_target target;
	struct arena *arena;
	int fd;
	struct starttls *talk;    /* NULL until connected */
	gnutls_session_t session; /* NULL until STARTTLS is done */
	size_t offer;
	unsigned warnings;
	int failure; /* errno of socket() or connect() */
};

static size_t find_offer(const char *key)
{
	for (size_t i = 1; key && i < OFFER_COUNT; i++)
		if (strncmp(offers[i].key, key, strlen(offers[i].key)) == 0)
			return i;
	return 0;
}

static void start_connecting(struct tls_conn *c)
{
	const union tls_address *to = c->target.address;
	int one = 1;

	c->failure = 0;
	c->fd = socket(to->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0) {
		c->failure = errno;
		return;
	}
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connect(c->fd, &to->any, tls_address_len(to)) < 0 && errno != EINPROGRESS)
		c->failure = errno;
}

static void tls_conn_hang_up(struct tls_conn *c)
{
	if (c->session)
		gnutls_deinit(c->session);
	starttls_close(c->talk);
	if (c->fd >= 0)
		close(c->fd);
	c->session = NULL;
	c->talk = NULL;
	c->fd = -1;
}

struct tls_conn *tls_conn_open(struct tls_client *client, const struct tls_target *target,
			       struct arena *a)
{
	struct tls_conn *c = xcalloc(1, sizeof(*c));

	c->client = client;
	c->target = *target;
	c->arena = a;
	c->offer = find_offer(target->key);
	start_connecting(c);
	return c;
}

void tls_conn_close(struct tls_conn *c)
{
	if (!c)
		return;
	tls_conn_hang_up(c);
	free(c);
}

int tls_conn_fd(const struct tls_conn *c)
{
	return c->fd;
}

bool tls_conn_is_open(const struct tls_conn *c)
{
	return c->talk != NULL;
}

short tls_conn_events(const struct tls_conn *c)
{
	if (c->session && gnutls_record_get_direction(c->session) == 0)
		return POLLIN;
	if (!c->session && c->talk)
		return starttls_events(c->talk);
	return POLLOUT;
}

static const char *address_text(const struct tls_conn *c, char text[ADDRESS_TEXT])
{
	const union tls_address *to = c->target.address;
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

static bool is_nobody_there(int error)
{
	return error == ECONNREFUSED || error == ENETUNREACH || error == ENETDOWN ||
	       error == EADDRNOTAVAIL || error == EAFNOSUPPORT;
}

/* Always true: finished, for tls_conn_advance(). */
static bool fail_connecting(struct tls_conn *c, int error, struct tls_outcome *out)
{
	char address[ADDRESS_TEXT];

	*out = (struct tls_outcome){
		.unreachable = is_nobody_there(error),
		.error = arena_printf(c->arena, "cannot connect to %s: %s",
				      address_text(c, address), strerror(error)),
	};
	return true;
}

static bool fail_handshake(struct tls_conn *c, int rc, struct tls_outcome *out)
{
	char address[ADDRESS_TEXT];
	char words[128];
	const char *why = gnutls_words(rc, words);

	if (rc == GNUTLS_E_FATAL_ALERT_RECEIVED)
		why = gnutls_alert_get_name(gnutls_alert_get(c->session));
	*out = (struct tls_outcome){
		.error = arena_printf(
			c->arena, "TLS handshake with %s failed: %s%s", address_text(c, address),
			rc == GNUTLS_E_FATAL_ALERT_RECEIVED ? "it sent the alert " : "",
			why ? why : "unknown"),
	};
	return true;
}

static bool fail_talking(struct tls_conn *c, const char *why, struct tls_outcome *out)
{
	char address[ADDRESS_TEXT];

	*out = (struct tls_outcome){
		.error = arena_printf(c->arena, "STARTTLS with %s failed: %s",
				      address_text(c, address), why),
	};
	return true;
}

static bool is_ip(const char *name)
{
	unsigned char room[16];

	return inet_pton(AF_INET, name, room) == 1 || inet_pton(AF_INET6, name, room) == 1;
}

static int tls_conn_begin_session(struct tls_conn *c)
{
	const char *name = c->target.server_name;
	int rc = gnutls_init(&c->session, GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL |
						  GNUTLS_NO_TICKETS | GNUTLS_KEY_SHARE_TOP);

	if (rc >= 0)
		rc = gnutls_priority_set(c->session, c->client->priorities[c->offer]);
	if (rc >= 0)
		rc = gnutls_credentials_set(c->session, GNUTLS_CRD_CERTIFICATE,
					    c->client->credentials);
	/* RFC 6066, section 3: no SNI for an IP address. */
	if (rc >= 0 && name && !is_ip(name))
		rc = gnutls_server_name_set(c->session, GNUTLS_NAME_DNS, name, strlen(name));
	if (rc >= 0)
		gnutls_transport_set_int(c->session, c->fd);
	return rc;
}

/* False: still connecting.  *error: errno of the failed connect, 0: connected. */
static bool finish_connecting(struct tls_conn *c, int *error)
{
	socklen_t len = sizeof(*error);
	struct pollfd ready = { .fd = c->fd, .events = POLLOUT };

	*error = 0;
	if (poll(&ready, 1, 0) == 0)
		return false;
	if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, error, &len) < 0)
		*error = errno;
	return true;
}

/*
 * Reconnects for any key type after a server refused the one asked for: the
 * certificate it serves instead is worth knowing.
 */
static bool asks_again(struct tls_conn *c, int rc)
{
	if (c->offer == 0 || (rc != GNUTLS_E_FATAL_ALERT_RECEIVED &&
			      rc != GNUTLS_E_PREMATURE_TERMINATION && rc != GNUTLS_E_PULL_ERROR))
		return false;
	c->offer = 0;
	c->warnings = 0;
	tls_conn_hang_up(c);
	start_connecting(c);
	return true;
}

static bool tls_conn_complete(struct tls_conn *c, struct tls_outcome *out)
{
	unsigned count = 0;
	const gnutls_datum_t *certs = gnutls_certificate_get_peers(c->session, &count);
	struct der presented[PRESENTED_LIMIT];
	char fingerprint[FINGERPRINT_TEXT];

	if (!certs || count == 0 || count > PRESENTED_LIMIT)
		return fail_handshake(c, GNUTLS_E_NO_CERTIFICATE_FOUND, out);
	for (unsigned i = 0; i < count; i++)
		presented[i] = (struct der){ certs[i].data, certs[i].size };
	sha256_text(certs[0].data, certs[0].size, fingerprint);

	struct cert_set kept =
		cert_set_copy(&(struct cert_set){ .certs = presented, .count = count }, c->arena);

	*out = (struct tls_outcome){
		.completed = true,
		.leaf = { .fingerprint = arena_strdup(c->arena, fingerprint),
			  .der = kept.certs[0] },
		.chain = { .digest = chain_digest(presented, count, c->arena),
			   .above = kept.certs + 1,
			   .above_count = kept.count - 1 },
	};
	gnutls_bye(c->session, GNUTLS_SHUT_WR);
	return true;
}

static bool tls_conn_shake_hands(struct tls_conn *c, struct tls_outcome *out)
{
	for (;;) {
		int rc = gnutls_handshake(c->session);

		if (rc == GNUTLS_E_SUCCESS)
			return tls_conn_complete(c, out);
		if (rc == GNUTLS_E_AGAIN || rc == GNUTLS_E_INTERRUPTED)
			return false;
		if (!gnutls_error_is_fatal(rc) && ++c->warnings <= WARNING_LIMIT)
			continue;
		if (asks_again(c, rc))
			return false;
		return fail_handshake(c, rc, out);
	}
}

/* STARTTLS, then the handshake. */
static bool tls_conn_talk(struct tls_conn *c, struct tls_outcome *out)
{
	const char *why = NULL;

	switch (starttls_advance(c->talk, &why)) {
	case STARTTLS_GOES_ON:
		return false;
	case STARTTLS_FAILED:
		return fail_talking(c, why, out);
	case STARTTLS_AGREED:
		break;
	}
	int rc = tls_conn_begin_session(c);

	return rc < 0 ? fail_handshake(c, rc, out) : tls_conn_shake_hands(c, out);
}

bool tls_conn_advance(struct tls_conn *c, struct tls_outcome *out)
{
	int error = 0;

	if (c->failure)
		return fail_connecting(c, c->failure, out);
	if (c->session)
		return tls_conn_shake_hands(c, out);
	if (!c->talk && !finish_connecting(c, &error))
		return false;
	if (error)
		return fail_connecting(c, error, out);
	if (!c->talk)
		c->talk = starttls_open(c->target.starttls, c->fd, c->arena);
	return tls_conn_talk(c, out);
}

void tls_conn_expire(struct tls_conn *c, int64_t after_ms, struct tls_outcome *out)
{
	char address[ADDRESS_TEXT];
	const char *doing = c->session ? "TLS handshake with"
			    : c->talk  ? "STARTTLS with"
				       : "connecting to";

	*out = (struct tls_outcome){
		.error = arena_printf(c->arena, "%s %s did not end within %lld ms", doing,
				      address_text(c, address), (long long)after_ms),
	};
}
