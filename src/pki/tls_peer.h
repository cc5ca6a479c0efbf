/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is at the other end of a TLS connection that somebody else made; its
 * session is passed as a void pointer.
 */
#ifndef PKI_TLS_PEER_H
#define PKI_TLS_PEER_H

/* What a peer has proven, as SHA-256 in hex; "" when it is not known. */
struct tls_peer {
	char spki[65]; /* its key */
	char leaf[65]; /* its certificate */
};

void tls_peer_read(void *session, struct tls_peer *out);

#endif
