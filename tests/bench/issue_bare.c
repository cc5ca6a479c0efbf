/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reference: GnuTLS alone makes N P-256 keys and signs a leaf with the
 * same extensions for each; nothing is kept.
 */
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CHECK(call)              \
	do {                     \
		if ((call) < 0)  \
			exit(1); \
	} while (0)

static gnutls_x509_privkey_t make_key(void)
{
	gnutls_x509_privkey_t key;

	CHECK(gnutls_x509_privkey_init(&key));
	CHECK(gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
					   GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0));
	return key;
}

static gnutls_x509_crt_t make_certificate(gnutls_x509_privkey_t key, const char *name, int ca)
{
	gnutls_x509_crt_t crt;
	unsigned char serial[16];
	unsigned char id[20];
	size_t id_len = sizeof(id);

	CHECK(gnutls_x509_crt_init(&crt));
	CHECK(gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof(serial)));
	serial[0] &= 0x7f;
	CHECK(gnutls_x509_crt_set_version(crt, 3));
	CHECK(gnutls_x509_crt_set_serial(crt, serial, sizeof(serial)));
	CHECK(gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, name,
					    (unsigned)strlen(name)));
	CHECK(gnutls_x509_crt_set_key(crt, key));
	CHECK(gnutls_x509_crt_set_activation_time(crt, time(NULL) - 300));
	CHECK(gnutls_x509_crt_set_expiration_time(crt, time(NULL) + 90 * 86400));
	CHECK(gnutls_x509_crt_set_basic_constraints(crt, (unsigned)ca, -1));
	CHECK(gnutls_x509_crt_set_key_usage(crt, ca ? GNUTLS_KEY_KEY_CERT_SIGN
						    : GNUTLS_KEY_DIGITAL_SIGNATURE));
	CHECK(gnutls_x509_crt_set_key_purpose_oid(crt, GNUTLS_KP_TLS_WWW_SERVER, 0));
	CHECK(gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME, name,
						   (unsigned)strlen(name), 0));
	CHECK(gnutls_x509_crt_get_key_id(crt, 0, id, &id_len));
	CHECK(gnutls_x509_crt_set_subject_key_id(crt, id, id_len));
	CHECK(gnutls_x509_crt_set_authority_key_id(crt, id, id_len));
	return crt;
}

int main(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : 1000;
	gnutls_x509_privkey_t ca_key = make_key();
	gnutls_x509_crt_t ca = make_certificate(ca_key, "CA", 1);
	struct timespec begin;
	struct timespec end;

	CHECK(gnutls_x509_crt_sign2(ca, ca, ca_key, GNUTLS_DIG_SHA256, 0));
	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (int i = 0; i < count; i++) {
		gnutls_x509_privkey_t key = make_key();
		char name[64];

		snprintf(name, sizeof(name), "host%d.example.test", i);

		gnutls_x509_crt_t crt = make_certificate(key, name, 0);

		CHECK(gnutls_x509_crt_sign2(crt, ca, ca_key, GNUTLS_DIG_SHA256, 0));
		gnutls_x509_crt_deinit(crt);
		gnutls_x509_privkey_deinit(key);
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	printf("%.6f\n",
	       (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9);
	gnutls_x509_crt_deinit(ca);
	gnutls_x509_privkey_deinit(ca_key);
	return 0;
}
