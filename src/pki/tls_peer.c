/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/tls_peer.h"

#include "pki/cert.h"
#include "pki/key.h"

bool tls_peer_spki(void *session, char out[65])
{
	AUTO(crt) leaf = NULL;
	AUTO(pubkey) pub = NULL;
	struct err ignored = { 0 };
	unsigned count = 0;
	const gnutls_datum_t *shown =
		gnutls_certificate_get_peers(session, &count);

	return shown && count &&
	       cert_open((struct der){ shown->data, shown->size }, &leaf,
			 &ignored) &&
	       cert_public(leaf, &pub, &ignored) &&
	       key_digest(pub, out, &ignored);
}
