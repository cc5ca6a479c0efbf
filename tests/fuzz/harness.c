/* SPDX-License-Identifier: Apache-2.0 */
#include "harness.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/sandbox.h"
#include "bundle/bundle.h"
#include "bundle/zip.h"
#include "crypto/crypto.h"
#include "pki/issue.h"

#include <dirent.h>
#include <gnutls/pkcs12.h>
#include <gnutls/x509.h>
#include <jansson.h>
#include <libssh2.h>
#include <nettle/pbkdf2.h>
#include <sanitizer/allocator_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <sanitizer/lsan_interface.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

enum {
	PATH_ROOM = 512,
	SEED_LIMIT = 8 * 1024 * 1024,
	MANY = 60000, /* bytes */
	MAC_ROOM = 64,
	ROUNDS = 16,
	LARGE = 64 * 1024,    /* an allocation after which memory is looked at */
	SMALL_ONES = 1 << 14, /* as many small ones, too */
};

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static unsigned random_state = 1;

/* ---- the rules ---- */

static size_t memory_before;
static size_t small_ones;

static void break_rule(const char *what)
{
	fprintf(stderr, "==RULE== one input took more than %s\n", what);
	__sanitizer_print_stack_trace();
	abort();
}

static void on_allocation(const volatile void *memory, size_t size)
{
	(void)memory;
	if (size < LARGE && ++small_ones % SMALL_ONES)
		return;
	if (memory_before &&
	    __sanitizer_get_current_allocated_bytes() > memory_before + FUZZ_MEMORY) {
		memory_before = 0;
		break_rule("256 MiB of memory");
	}
}

static void on_release(const volatile void *memory)
{
	(void)memory;
}

static void on_time(int number)
{
	(void)number;
	break_rule("2 seconds of processor time");
}

/* Processor time, because the machine may have other things to do. */
static void allow_time(int seconds)
{
	const struct itimerval time = { .it_value = { .tv_sec = seconds } };

	setitimer(ITIMER_PROF, &time, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	/* A copy begins at a NULL of its own when it is empty. */
	uint8_t *copy = malloc(len + !len);

	if (len)
		memcpy(copy, bytes, len);
	random_state = 1;
	memory_before = __sanitizer_get_current_allocated_bytes();
	allow_time(FUZZ_SECONDS);
	fuzz_one(copy, len);
	allow_time(0);
	memory_before = 0;
	free(copy);
	return 0;
}

/* ---- in place of src/ and libraries ---- */

int64_t __wrap_clock_now(void);
int64_t __wrap_clock_now(void)
{
	return FUZZ_NOW;
}

/* The same for GnuTLS. */
static time_t time_now(time_t *out)
{
	if (out)
		*out = FUZZ_NOW;
	return FUZZ_NOW;
}

void __wrap_random_bytes(void *out, size_t len);
void __wrap_random_bytes(void *out, size_t len)
{
	unsigned char *bytes = out;

	for (size_t i = 0; i < len; i++) {
		random_state = random_state * 1103515245 + 12345;
		bytes[i] = (unsigned char)(random_state >> 16);
	}
}

/* For the hashes of src/config/. */
ssize_t __wrap_getrandom(void *out, size_t len, unsigned flags);
ssize_t __wrap_getrandom(void *out, size_t len, unsigned flags)
{
	(void)flags;
	__wrap_random_bytes(out, len);
	return (ssize_t)len;
}

const struct secret *fuzz_answer;

static bool fuzz_work(const struct sandbox_work *work, struct secret *answer, struct err *e)
{
	AUTO(buf) out = { .limit = SANDBOX_ANSWER_LIMIT };

	if (fuzz_answer) {
		secret_copy(answer, fuzz_answer->bytes, fuzz_answer->len);
		return true;
	}
	if (!work->fn(work->ctx, &out, e)) {
		HOLDS(e->code != ERR_NONE && *e->text);
		return false;
	}
	HOLDS(e->code == ERR_NONE);
	if (out.failed)
		return err_set(e, ERR_INPUT, "the answer is too long");
	secret_copy(answer, buf_text(&out), out.len);
	return true;
}

bool __wrap_sandbox_work_all(const struct sandbox_work *works, size_t count, struct secret *answers,
			     struct err *e);
bool __wrap_sandbox_work_all(const struct sandbox_work *works, size_t count, struct secret *answers,
			     struct err *e)
{
	for (size_t i = 0; i < count; i++) {
		if (fuzz_work(&works[i], &answers[i], e))
			continue;
		while (i)
			secret_release(&answers[--i]);
		return false;
	}
	return true;
}

/*
 * GnuTLS and src/crypto/ derive keys by this function of nettle.  Here it has
 * a few rounds, whatever it is asked for.
 */
void nettle_pbkdf2(void *mac, nettle_hash_update_func *update, nettle_hash_digest_func *digest,
		   size_t digest_size, unsigned rounds, size_t salt_length, const uint8_t *salt,
		   size_t length, uint8_t *out)
{
	uint8_t u[MAC_ROOM];
	uint8_t t[MAC_ROOM];

	for (uint32_t block = 1; length; block++) {
		const uint8_t number[4] = { (uint8_t)(block >> 24), (uint8_t)(block >> 16),
					    (uint8_t)(block >> 8), (uint8_t)block };
		size_t some = length < digest_size ? length : digest_size;

		update(mac, salt_length, salt);
		update(mac, sizeof(number), number);
		digest(mac, digest_size, u);
		memcpy(t, u, digest_size);
		for (unsigned i = 0; i < rounds % ROUNDS; i++) {
			update(mac, digest_size, u);
			digest(mac, digest_size, u);
			for (size_t k = 0; k < digest_size; k++)
				t[k] ^= u[k];
		}
		memcpy(out, t, some);
		out += some;
		length -= some;
	}
}

/*
 * The older derivations of PKCS#12 cannot be made cheap: a round of them
 * that a file asks for counts as many, so that the limit is at 20,000.
 */
static unsigned counted(unsigned rounds)
{
	return rounds > UINT32_MAX / 500 ? UINT32_MAX : rounds * 500;
}

int __real_gnutls_pkcs8_info(const gnutls_datum_t *data, gnutls_x509_crt_fmt_t format,
			     unsigned *schema, unsigned *cipher, void *salt, unsigned *salt_size,
			     unsigned *rounds, char **oid);
int __wrap_gnutls_pkcs8_info(const gnutls_datum_t *data, gnutls_x509_crt_fmt_t format,
			     unsigned *schema, unsigned *cipher, void *salt, unsigned *salt_size,
			     unsigned *rounds, char **oid);
int __wrap_gnutls_pkcs8_info(const gnutls_datum_t *data, gnutls_x509_crt_fmt_t format,
			     unsigned *schema, unsigned *cipher, void *salt, unsigned *salt_size,
			     unsigned *rounds, char **oid)
{
	const unsigned older = GNUTLS_PKCS_PKCS12_3DES | GNUTLS_PKCS_PKCS12_ARCFOUR |
			       GNUTLS_PKCS_PKCS12_RC2_40 | GNUTLS_PKCS_PBES1_DES_MD5;
	int rc = __real_gnutls_pkcs8_info(data, format, schema, cipher, salt, salt_size, rounds,
					  oid);

	if (rc >= 0 && (*schema & older))
		*rounds = counted(*rounds);
	return rc;
}

/* Any MAC will do, so that what is behind it is reached. */
int __wrap_gnutls_pkcs12_verify_mac(gnutls_pkcs12_t p12, const char *password);
int __wrap_gnutls_pkcs12_verify_mac(gnutls_pkcs12_t p12, const char *password)
{
	(void)p12;
	(void)password;
	return 0;
}

/* Without a handshake the host has shown this key. */
static const char host_key[] = "\0\0\0\13ssh-ed25519\0\0\0\40"
			       "0123456789abcdef0123456789abcdef";

const char *__wrap_libssh2_session_hostkey(LIBSSH2_SESSION *session, size_t *len, int *type);
const char *__wrap_libssh2_session_hostkey(LIBSSH2_SESSION *session, size_t *len, int *type)
{
	(void)session;
	*len = sizeof(host_key) - 1;
	*type = LIBSSH2_HOSTKEY_TYPE_ED25519;
	return host_key;
}

const char *__wrap_libssh2_hostkey_hash(LIBSSH2_SESSION *session, int kind);
const char *__wrap_libssh2_hostkey_hash(LIBSSH2_SESSION *session, int kind)
{
	static uint8_t digest[SHA256_BYTES];

	(void)session;
	(void)kind;
	sha256(host_key, sizeof(host_key) - 1, digest);
	return (const char *)digest;
}

/* It loses an HMAC context for each hashed name of another length. */
int __real_libssh2_knownhost_checkp(LIBSSH2_KNOWNHOSTS *hosts, const char *host, int port,
				    const char *key, size_t len, int mask,
				    struct libssh2_knownhost **found);
int __wrap_libssh2_knownhost_checkp(LIBSSH2_KNOWNHOSTS *hosts, const char *host, int port,
				    const char *key, size_t len, int mask,
				    struct libssh2_knownhost **found);
int __wrap_libssh2_knownhost_checkp(LIBSSH2_KNOWNHOSTS *hosts, const char *host, int port,
				    const char *key, size_t len, int mask,
				    struct libssh2_knownhost **found)
{
	int rc = 0;

	__lsan_disable();
	rc = __real_libssh2_knownhost_checkp(hosts, host, port, key, len, mask, found);
	__lsan_enable();
	return rc;
}

/* ---- seeds ---- */

static const char *seed_folder;
static unsigned seed_number;

void seed(const void *bytes, size_t len)
{
	char path[PATH_ROOM];
	FILE *f = NULL;

	snprintf(path, sizeof(path), "%s/%04u", seed_folder, ++seed_number);
	f = fopen(path, "w");
	HOLDS(f && fwrite(bytes, 1, len, f) == len && !fclose(f));
}

void seed_text(const char *text)
{
	seed(text, strlen(text));
}

void seed_many(const char *begin, const char *unit, const char *end)
{
	AUTO(buf) text = { 0 };

	buf_puts(&text, begin);
	while (text.len < MANY)
		buf_puts(&text, unit);
	buf_puts(&text, end);
	seed(text.data, text.len);
}

void seed_much_pem(void)
{
	seed_many("", "-----BEGIN CERTIFICATE-----\n", "");
	seed_many("", "-----BEGIN A-----\nAAAA\n-----END A-----\n", "");
	seed_many("", "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n", "");
	seed_many("", "-----", "");
	seed_many("-----BEGIN CERTIFICATE-----\n", "A", "");
	seed_many("-----BEGIN PRIVATE KEY-----\n", "\n", "-----END PRIVATE KEY-----\n");
}

void seed_files(const char *folder, const char *ending)
{
	struct dirent **names = NULL;
	int count = scandir(folder, &names, NULL, alphasort);

	HOLDS(count > 0);
	for (int i = 0; i < count; i++) {
		const char *name = names[i]->d_name;
		size_t len = strlen(name);
		char path[PATH_ROOM];
		AUTO(buf) text = { 0 };
		struct err e = { 0 };

		snprintf(path, sizeof(path), "%s/%s", folder, name);
		if (len >= strlen(ending) && !strcmp(name + len - strlen(ending), ending)) {
			HOLDS(fs_read(path, SEED_LIMIT, &text, &e));
			seed(buf_text(&text), text.len);
		}
		free(names[i]);
	}
	free(names);
}

void seed_zips(struct bundle_entry *items, size_t count)
{
	AUTO(secret) password = secret_of(ZIP_PASSWORD, strlen(ZIP_PASSWORD));

	for (size_t first = 0; first <= count; first++) {
		const struct entries list = { .items = items, .count = first };
		AUTO(buf) plain = { 0 };
		AUTO(buf) sealed = { 0 };
		struct err e = { 0 };

		HOLDS(zip_pack(&list, NULL, &plain, &e) && zip_pack(&list, &password, &sealed, &e));
		seed(plain.data, plain.len);
		seed(sealed.data, sealed.len);
	}
}

/* ---- inputs ---- */

unsigned feed_byte(struct feed *f)
{
	if (!f->left)
		return 0;
	f->left--;
	return *f->at++;
}

bool feed_is_empty(const struct feed *f)
{
	return !f->left;
}

const char *feed_part(struct feed *f, struct arena *a, size_t *len)
{
	static const char mark[] = "\n---\n";
	const size_t mark_len = sizeof(mark) - 1;
	const uint8_t *end = f->left ? memmem(f->at, f->left, mark, mark_len) : NULL;
	size_t size = end ? (size_t)(end - f->at) : f->left;
	char *text = arena_alloc(a, size + 1);

	if (size)
		memcpy(text, f->at, size);
	f->at = end ? end + mark_len : f->at + size;
	f->left -= end ? size + mark_len : size;
	if (len)
		*len = size;
	return text;
}

struct secret secret_of(const void *bytes, size_t len)
{
	struct secret s = { 0 };

	secret_copy(&s, bytes, len);
	return s;
}

bool fuzz_import(enum import_kind kind, struct secret file, const char *password, struct pair *out)
{
	static const char *const names[] = { "a" };
	AUTO(secret) word = secret_of(password, strlen(password));
	const struct import_input in = {
		.kind = kind, .names = names, .files = &file, .file_count = 1, .password = &word
	};
	struct err e = { 0 };
	bool good = import_read(&in, out, &e);

	HOLDS(good == (e.code == ERR_NONE));
	return good;
}

static char folder[PATH_ROOM];

/* In memory, when run.sh says where. */
const char *fuzz_folder(void)
{
	const char *parent = getenv("FUZZ_FOLDER");

	if (!*folder) {
		snprintf(folder, sizeof(folder), "%s/certfleet-fuzz-XXXXXX",
			 parent ? parent : "/tmp");
		HOLDS(mkdtemp(folder));
	}
	return folder;
}

static void remove_folder(void)
{
	char command[PATH_ROOM + 16];

	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	HOLDS(!*folder || !system(command));
}

const char *fuzz_file(const char *name, const void *bytes, size_t len)
{
	static char path[PATH_ROOM];
	FILE *f = NULL;

	snprintf(path, sizeof(path), "%s/%s", fuzz_folder(), name);
	f = fopen(path, "w");
	HOLDS(f && fwrite(bytes, 1, len, f) == len && !fclose(f));
	return path;
}

static const struct san names[] = { { NAME_DNS, "shop.example.com" } };

static struct pair pairs[2];

/* Ed25519, which signs the same in each run, as PKCS#8. */
static struct secret made_key(char fill)
{
	static const uint8_t head[] =
		"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20";
	struct secret key = { 0 };

	secret_alloc(&key, sizeof(head) - 1 + 32);
	memcpy(key.bytes, head, sizeof(head) - 1);
	memset(key.bytes + sizeof(head) - 1, fill, 32);
	return key;
}

static void make_pairs(void)
{
	const struct issuer i = { .subject = "CN=Shop CA,O=Example Shop,C=AT",
				  .validity = 3650 * 86400 };
	const struct certificate c = { .name = "shop",
				       .subject = "CN=shop.example.com",
				       .validity = 90 * 86400,
				       .names = names,
				       .name_count = 1,
				       .purpose = PURPOSE_SERVER | PURPOSE_CLIENT };
	AUTO(secret) authority_key = made_key('a');
	AUTO(secret) key = made_key('b');
	AUTO(authority) by = NULL;
	struct err e = { 0 };

	random_state = 1;
	HOLDS(issue_authority(&i, &authority_key, FUZZ_NOW, &pairs[1], &e) &&
	      authority_open(&pairs[1].key, &pairs[1].set, &by, &e) &&
	      issue_leaf(&c, &key, by, FUZZ_NOW, &pairs[0], &e));
	random_state = 1;
}

const struct pair *fuzz_pair(void)
{
	if (!pairs[0].key.len)
		make_pairs();
	return &pairs[0];
}

const struct pair *fuzz_authority(void)
{
	fuzz_pair();
	return &pairs[1];
}

/* ---- life ---- */

/* With FUZZ_SEEDS it writes the seeds into that folder, and ends. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	json_object_seed(1);
	gnutls_global_set_time_function(time_now);
	seed_folder = getenv("FUZZ_SEEDS");
	if (seed_folder) {
		fuzz_seeds();
		remove_folder();
		_exit(0);
	}
	fuzz_folder();
	fuzz_pair();
	atexit(remove_folder);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGPROF, on_time);
	__sanitizer_install_malloc_and_free_hooks(on_allocation, on_release);
	return 0;
}
