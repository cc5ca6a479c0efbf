/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/foreign.h"
#include "test.h"

#include "pki/gnutls_handle.h"
#include "pki/pair.h"

#include <stdint.h>
#include <time.h>

enum {
	ROOT,
	OTHER_ROOT,
	MIDDLE,       /* by ROOT */
	MIDDLE_CROSS, /* the same authority, by OTHER_ROOT */
	ISSUING,      /* by MIDDLE */
	LEAF,         /* by ISSUING */
	LONE,         /* by itself */
	STRANGER,     /* "CN=issuing", of another key */
	OLD_MIDDLE,   /* MIDDLE as it was before it was renewed */
	NEW_MIDDLE,   /* as it will be */
	CERT_COUNT
};

static const struct {
	const char *subject;
	int key; /* whose it has */
	int by;
	int64_t from; /* from now, for an hour */
} plan[CERT_COUNT] = {
	[ROOT] = { "CN=root", ROOT, ROOT },
	[OTHER_ROOT] = { "CN=other root", OTHER_ROOT, OTHER_ROOT },
	[MIDDLE] = { "CN=middle", MIDDLE, ROOT },
	[MIDDLE_CROSS] = { "CN=middle", MIDDLE, OTHER_ROOT },
	[ISSUING] = { "CN=issuing", ISSUING, MIDDLE },
	[LEAF] = { "CN=leaf", LEAF, ISSUING },
	[LONE] = { "CN=lone", LONE, LONE },
	[STRANGER] = { "CN=issuing", STRANGER, STRANGER },
	[OLD_MIDDLE] = { "CN=middle", MIDDLE, ROOT, -7200 },
	[NEW_MIDDLE] = { "CN=middle", MIDDLE, ROOT, 7200 },
};

static struct der ders[CERT_COUNT];
static gnutls_datum_t bytes[CERT_COUNT];

static int make_all(void **state)
{
	gnutls_x509_privkey_t keys[CERT_COUNT] = { 0 };
	gnutls_x509_crt_t crts[CERT_COUNT] = { 0 };

	(void)state;
	for (unsigned i = 0; i < CERT_COUNT; i++) {
		unsigned char serial = (unsigned char)(i + 1);

		gnutls_x509_privkey_init(&keys[i]);
		gnutls_x509_privkey_generate(keys[i], GNUTLS_PK_ECDSA, 256, 0);
		gnutls_x509_crt_init(&crts[i]);
		gnutls_x509_crt_set_version(crts[i], 3);
		gnutls_x509_crt_set_serial(crts[i], &serial, 1);
		gnutls_x509_crt_set_dn(crts[i], plan[i].subject, NULL);
		gnutls_x509_crt_set_activation_time(crts[i], time(NULL) + plan[i].from - 60);
		gnutls_x509_crt_set_expiration_time(crts[i], time(NULL) + plan[i].from + 3600);
		gnutls_x509_crt_set_key(crts[i], keys[plan[i].key]);
		gnutls_x509_crt_set_basic_constraints(crts[i], i != LEAF, -1);
		assert_true(gnutls_x509_crt_sign2(crts[i], crts[plan[i].by], keys[plan[i].by],
						  GNUTLS_DIG_SHA256, 0) >= 0);
		gnutls_x509_crt_export2(crts[i], GNUTLS_X509_FMT_DER, &bytes[i]);
		ders[i] = (struct der){ bytes[i].data, bytes[i].size };
	}
	for (size_t i = 0; i < CERT_COUNT; i++) {
		gnutls_x509_crt_deinit(crts[i]);
		gnutls_x509_privkey_deinit(keys[i]);
	}
	return 0;
}

static int release_all(void **state)
{
	(void)state;
	for (size_t i = 0; i < CERT_COUNT; i++)
		datum_release(&bytes[i]);
	return 0;
}

/* Lists of certificates end with -1; `anchor` -1 is not known. */
static bool is_complete_at(const int *set, int anchor, const int *above, int64_t at)
{
	struct der certs[CERT_COUNT];
	struct der presented[CERT_COUNT];
	struct cert_set s = { .certs = certs };
	size_t count = 0;

	while (set[s.count] >= 0) {
		certs[s.count] = ders[set[s.count]];
		s.count++;
	}
	if (anchor >= 0)
		s.anchor = ders[anchor];
	for (; above[count] >= 0; count++)
		presented[count] = ders[above[count]];
	return presented_is_complete(presented, count, &s, at);
}

static bool is_complete(const int *set, int anchor, const int *above)
{
	return is_complete_at(set, anchor, above, time(NULL));
}

#define LIST(...) ((const int[]){ __VA_ARGS__ __VA_OPT__(, ) - 1 })
static const int full[] = { LEAF, ISSUING, MIDDLE, -1 };

TEST(the_chain_itself_is_complete)
{
	assert_true(is_complete(full, ROOT, LIST(ISSUING, MIDDLE)));
	assert_true(is_complete(full, -1, LIST(ISSUING, MIDDLE)));
}

TEST(more_than_the_chain_is_complete)
{
	assert_true(is_complete(full, ROOT, LIST(ISSUING, MIDDLE, ROOT)));
	assert_true(is_complete(full, -1, LIST(ISSUING, MIDDLE, ROOT)));
	assert_true(is_complete(full, ROOT, LIST(STRANGER, LONE, ISSUING, MIDDLE)));
}

TEST(the_order_is_no_matter)
{
	assert_true(is_complete(full, ROOT, LIST(MIDDLE, ISSUING)));
	assert_true(is_complete(full, -1, LIST(ROOT, MIDDLE, ISSUING)));
}

TEST(a_missing_intermediate_is_noticed)
{
	for (int anchor = -1; anchor <= ROOT; anchor++) {
		assert_false(is_complete(full, anchor, LIST()));
		assert_false(is_complete(full, anchor, LIST(ISSUING)));
		assert_false(is_complete(full, anchor, LIST(MIDDLE)));
		assert_false(is_complete(full, anchor, LIST(MIDDLE, ROOT)));
		assert_false(is_complete(full, anchor, LIST(STRANGER, MIDDLE)));
		assert_false(is_complete(full, anchor, LIST(LEAF)));
	}
}

TEST(another_anchor_is_not_reached)
{
	assert_false(is_complete(full, OTHER_ROOT, LIST(ISSUING, MIDDLE)));
	assert_true(is_complete(full, OTHER_ROOT, LIST(ISSUING, MIDDLE_CROSS)));
	assert_true(is_complete(full, OTHER_ROOT, LIST(ISSUING, MIDDLE, MIDDLE_CROSS)));
	assert_true(is_complete(full, OTHER_ROOT, LIST(ISSUING, MIDDLE_CROSS, MIDDLE)));
}

TEST(a_leaf_right_below_its_anchor_needs_nothing)
{
	const int leaf[] = { LEAF, -1 };
	const int lone[] = { LONE, -1 };

	assert_true(is_complete(leaf, ISSUING, LIST()));
	assert_true(is_complete(leaf, -1, LIST()));
	assert_true(is_complete(lone, -1, LIST()));
	assert_false(is_complete(leaf, MIDDLE, LIST()));
}

TEST(what_is_not_valid_is_no_way_up)
{
	for (int anchor = -1; anchor <= ROOT; anchor++) {
		assert_false(is_complete(full, anchor, LIST(ISSUING, OLD_MIDDLE)));
		assert_false(is_complete(full, anchor, LIST(ISSUING, NEW_MIDDLE)));
		assert_true(is_complete(full, anchor, LIST(OLD_MIDDLE, ISSUING, MIDDLE)));
	}
	/* unless its dates are no matter */
	assert_true(is_complete_at(full, ROOT, LIST(ISSUING, OLD_MIDDLE), 0));
}

TEST(what_is_no_certificate_is_left_out)
{
	const struct der junk = { (const unsigned char *)"junk", 4 };
	struct der certs[] = { ders[LEAF], ders[ISSUING] };
	struct cert_set set = { .certs = certs, .count = 2 };
	struct der above[20];

	assert_false(presented_is_complete(&junk, 1, &set, 0));
	above[0] = junk;
	above[1] = ders[ISSUING];
	assert_true(presented_is_complete(above, 2, &set, 0));
	/* and nobody looks for it in an endless list */
	for (size_t i = 0; i < 19; i++)
		above[i] = junk;
	above[19] = ders[ISSUING];
	assert_false(presented_is_complete(above, 20, &set, 0));
}

TEST_GROUP(make_all, release_all)
