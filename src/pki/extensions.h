/* SPDX-License-Identifier: Apache-2.0 */
/* X.509 v3 extensions of issued certificates, for issue.c. */
#ifndef PKI_EXTENSIONS_H
#define PKI_EXTENSIONS_H

#include "base/err.h"
#include "model/fleet.h"
#include "pki/gnutls_handle.h"

#include <stdbool.h>

/* All extensions except the key identifiers; subject and key must be set before. */
MUST_CHECK bool extensions_add_leaf(gnutls_x509_crt_t crt, const struct certificate *c,
				    struct err *e);
MUST_CHECK bool extensions_add_authority(gnutls_x509_crt_t crt, struct err *e);
/* Subject and authority key identifiers; `issuer` may be `crt` itself. */
MUST_CHECK bool extensions_add_key_ids(gnutls_x509_crt_t crt, gnutls_x509_crt_t issuer,
				       struct err *e);

#endif
