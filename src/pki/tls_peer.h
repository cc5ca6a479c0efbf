/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Identity of the peer of a TLS connection made by a library (libcurl); the
 * session is passed as a void pointer.
 */
#ifndef PKI_TLS_PEER_H
#define PKI_TLS_PEER_H

/* Key and certificate that a peer has proven, as SHA-256 hex; "": unknown. */
struct tls_peer {
	char spki[65]; /* of the SubjectPublicKeyInfo */
	char leaf[65]; /* of the certificate */
};

void tls_peer_read(void *session, struct tls_peer *out);

#endif
