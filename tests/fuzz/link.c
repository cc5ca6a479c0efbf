/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages of an enrolment as they come out of TLS, in pieces, and what TLS
 * itself may say in between; no handshake is done.
 */
#include "harness.h"

#include "pki/enrol_tls.h"

#include <gnutls/gnutls.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	LIMIT = 4096,
	TURNS = 64,
};

static struct feed said;

/* ---- in place of a handshake ---- */

int __wrap_gnutls_handshake(gnutls_session_t session);
int __wrap_gnutls_handshake(gnutls_session_t session)
{
	(void)session;
	return GNUTLS_E_SUCCESS;
}

int __wrap_gnutls_alpn_get_selected_protocol(gnutls_session_t session, gnutls_datum_t *out);
int __wrap_gnutls_alpn_get_selected_protocol(gnutls_session_t session, gnutls_datum_t *out)
{
	static unsigned char protocol[] = ENROL_TLS_PROTOCOL;

	(void)session;
	*out = (gnutls_datum_t){ protocol, sizeof(protocol) - 1 };
	return 0;
}

int __wrap_gnutls_session_channel_binding(gnutls_session_t session, gnutls_channel_binding_t kind,
					  gnutls_datum_t *out);
int __wrap_gnutls_session_channel_binding(gnutls_session_t session, gnutls_channel_binding_t kind,
					  gnutls_datum_t *out)
{
	(void)session;
	(void)kind;
	out->data = gnutls_calloc(1, ENROL_TLS_BINDING_BYTES);
	out->size = ENROL_TLS_BINDING_BYTES;
	return 0;
}

/* The length of a piece and the piece; 0 is a word of TLS's own. */
ssize_t __wrap_gnutls_record_recv(gnutls_session_t session, void *out, size_t room);
ssize_t __wrap_gnutls_record_recv(gnutls_session_t session, void *out, size_t room)
{
	static const int words[] = { GNUTLS_E_AGAIN,
				     GNUTLS_E_INTERRUPTED,
				     GNUTLS_E_WARNING_ALERT_RECEIVED,
				     GNUTLS_E_REHANDSHAKE,
				     GNUTLS_E_FATAL_ALERT_RECEIVED,
				     GNUTLS_E_PREMATURE_TERMINATION,
				     0 };
	size_t some = feed_byte(&said);

	(void)session;
	if (!some && said.left)
		return words[feed_byte(&said) % 7];
	some = some < room ? some : room;
	some = some < said.left ? some : said.left;
	if (some)
		memcpy(out, said.at, some);
	said.at += some;
	said.left -= some;
	return (ssize_t)some;
}

void fuzz_one(const uint8_t *bytes, size_t len)
{
	static struct enrol_tls_host *host;
	AUTO(enrol_tls) l = NULL;
	int ends[2];
	struct err e = { 0 };

	said = (struct feed){ bytes, len };
	if (!host)
		HOLDS(enrol_tls_host_new(&host, &e));
	HOLDS(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends));
	l = enrol_tls_accept(host, ends[0]);
	for (int i = 0; i < TURNS; i++) {
		enum enrol_tls_state state = enrol_tls_advance(l, LIMIT, &e);
		AUTO(secret) message = { 0 };

		if (state == ENROL_TLS_ENDED) {
			HOLDS(e.code != ERR_NONE);
			break;
		}
		if (state != ENROL_TLS_MESSAGE)
			continue;
		enrol_tls_take(l, &message);
		HOLDS(message.len <= LIMIT);
	}
	close(ends[1]);
}

void fuzz_seeds(void)
{
	static const char two[] = "\x09\0\0\0\5hello\x02\0\0\x02\0\1\x01x";
	static const char large[] = "\x04\0\1\0\0";
	static const char words[] = "\0\0\0\2\x04\0\0\0\0\0\4";

	seed(two, sizeof(two) - 1);
	seed(large, sizeof(large) - 1);
	seed(words, sizeof(words) - 1);
}
