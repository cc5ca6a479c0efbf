/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and certificates made for the tests of pki/. */
#ifndef PKI_FIXTURE_H
#define PKI_FIXTURE_H

#include "pki/issue.h"
#include "pki/pair.h"
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	NOW = 1800000000,
	DAY = 86400
};

/* "shop", for a server, valid for 90 days. */
struct certificate made_certificate(void);

#define SHOP_CA "CN=Shop CA,O=Example Shop,C=AT"

void make_authority(const char *subject, enum key_type type, int64_t at, struct pair *out);

/* Signed by the pair `ca`, or by itself when that is NULL. */
void make_leaf(const struct certificate *c, const struct pair *ca, int64_t at, struct pair *out);

#endif
