/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is at the other end of a TLS connection that somebody else made; its
 * session is passed as a void pointer.
 */
#ifndef PKI_TLS_PEER_H
#define PKI_TLS_PEER_H

#include <stdbool.h>

/* SHA-256 hex of the key the peer has proven; false: not known. */
bool tls_peer_spki(void *session, char out[65]);

#endif
