/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Authorization of an agent's clients.  A client's certificate must chain to
 * the configured CA, be issued for clients (extendedKeyUsage clientAuth, RFC
 * 5280 section 4.2.1.12) and be listed in 'allow', by the SHA-256 of its key or
 * by its complete subject: the same attributes in the same order, each value
 * byte for byte.  UTF8String, PrintableString and IA5String count as one type
 * (RFC 5280 section 7.1): OpenSSL and GnuTLS choose differently.
 */
#ifndef PKI_CLIENT_AUTH_H
#define PKI_CLIENT_AUTH_H

#include "base/arena.h"
#include "base/auto.h"
#include "base/err.h"
#include "model/agent_config.h"
#include "model/certs.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct client_auth;

struct client {
	struct der spki; /* SubjectPublicKeyInfo of the leaf */
	int64_t until;   /* the earliest notAfter in the presented chain, Unix time */
};

/* `authority`: the CA's certificates as PEM.  The list in `config` is borrowed. */
MUST_CHECK bool client_auth_new(const struct agent_config *config, const char *authority,
				size_t len, struct client_auth **out, struct err *e);
void client_auth_free(struct client_auth *c);
AUTO_TYPE(client_auth, struct client_auth *, client_auth_free)

/*
 * Checks the chain that a client presented, leaf first.  *out is in `a`.
 * ERR_INPUT: not authorized.
 */
MUST_CHECK bool client_auth_check(const struct client_auth *c, const struct der *chain,
				  size_t count, struct arena *a, struct client *out, struct err *e);

#endif
