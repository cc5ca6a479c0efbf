/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/tls_peer.h"

#include "crypto/crypto.h"
#include "pki/cert.h"
#include "pki/key.h"

void tls_peer_read(void *session, struct tls_peer *out)
{
	AUTO(crt) leaf = NULL;
	AUTO(pubkey) pub = NULL;
	struct err ignored = { 0 };
	unsigned count = 0;
	const gnutls_datum_t *shown = gnutls_certificate_get_peers(session, &count);

	*out = (struct tls_peer){ 0 };
	if (!shown || !count)
		return;
	sha256_text(shown->data, shown->size, out->leaf);
	if (!cert_open((struct der){ shown->data, shown->size }, &leaf, &ignored) ||
	    !cert_public(leaf, &pub, &ignored) || !key_digest(pub, out->spki, &ignored))
		*out->spki = '\0';
}
