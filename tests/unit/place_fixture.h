/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pairs, a directory of its own for each test, and a look at paths the way a
 * server looks: by name, following links.
 */
#ifndef PLACE_FIXTURE_H
#define PLACE_FIXTURE_H

#include <stddef.h>
#include <stdint.h>

#include "base/fs.h"
#include "install/install.h"
#include "pki/issue.h"
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Three pairs under one authority, made once. */
static struct pair old_pair;
static struct pair new_pair;
static struct pair third_pair;

static char root[256];
static struct arena test_arena;

/* An error is set exactly when a function fails. */
static void must(bool ok, const struct err *e)
{
	if (!ok)
		fail_msg("%s", e->text);
	if (e->code != ERR_NONE)
		fail_msg("it succeeded, and yet: %s", e->text);
}

static inline void make_pair(const struct authority *by, struct pair *out)
{
	const struct san name = { NAME_DNS, "web.example.com" };
	const struct certificate c = { .name = "web",
				       .subject = "CN=web.example.com",
				       .validity = 86400,
				       .names = &name,
				       .name_count = 1,
				       .purpose = PURPOSE_SERVER,
				       .key = KEY_ECDSA_P256 };
	AUTO(secret) key = { 0 };
	struct err e = { 0 };

	must(key_generate(KEY_ECDSA_P256, &key, &e), &e);
	must(issue_leaf(&c, &key, by, time(NULL), out, &e), &e);
}

static inline int make_pairs(void **state)
{
	const struct issuer ca = { .name = "ca",
				   .kind = ISSUER_MANAGED,
				   .subject = "CN=Test CA",
				   .validity = 10 * 86400,
				   .key = KEY_ECDSA_P256 };
	AUTO(secret) key = { 0 };
	AUTO(pair) top = { 0 };
	AUTO(authority) by = NULL;
	struct err e = { 0 };

	(void)state;
	must(key_generate(KEY_ECDSA_P256, &key, &e), &e);
	must(issue_authority(&ca, &key, time(NULL), &top, &e), &e);
	must(authority_open(&key, &top.set, &by, &e), &e);
	make_pair(by, &old_pair);
	make_pair(by, &new_pair);
	make_pair(by, &third_pair);
	return 0;
}

static inline int drop_pairs(void **state)
{
	(void)state;
	pair_release(&old_pair);
	pair_release(&new_pair);
	pair_release(&third_pair);
	return 0;
}

static inline int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static inline int open_root(void **state)
{
	const char *base = getenv("TMPDIR");

	(void)state;
	umask(077);
	snprintf(root, sizeof(root), "%s/certfleet-place-XXXXXX", base ? base : "/tmp");
	return mkdtemp(root) ? 0 : -1;
}

static inline int close_root(void **state)
{
	(void)state;
	umask(077);
	nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	arena_release(&test_arena);
	return 0;
}

static inline const char *at_root(const char *name)
{
	return arena_printf(&test_arena, "%s/%s", root, name);
}

static inline struct install directory_form(void)
{
	return (struct install){ .directory = at_root("site") };
}

static inline struct install path_form(void)
{
	return (struct install){ .certificate = at_root("site.crt"), .key = at_root("site.key") };
}

/* The key is in a directory that others cannot enter. */
static inline struct install split_form(void)
{
	return (struct install){ .certificate = at_root("pub/site.crt"),
				 .key = at_root("priv/site.key") };
}

static inline void make_split_homes(void)
{
	assert_int_equal(mkdir(at_root("pub"), 0755), 0);
	assert_int_equal(chmod(at_root("pub"), 0755), 0);
	assert_int_equal(mkdir(at_root("priv"), 0710), 0);
	assert_int_equal(chmod(at_root("priv"), 0710), 0);
}

static inline struct install_pair as_placed(const struct pair *p)
{
	return (struct install_pair){ .fingerprint = p->facts.fingerprint,
				      .set = &p->set,
				      .key = &p->key };
}

static inline bool stage(const struct install *i, const struct pair *p, struct err *e)
{
	const struct install_pair pair = as_placed(p);

	return install_stage(i, &pair, e);
}

static inline bool deploy(const struct install *i, const struct pair *p, struct err *e)
{
	return stage(i, p, e) && install_commit(i, p->facts.fingerprint, NULL, e);
}

static inline void write_file(const char *path, const void *bytes, size_t len, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	fchmod(fd, mode);
	close(fd);
}

static inline void write_text(const char *path, const char *text)
{
	write_file(path, text, strlen(text), 0644);
}

static inline void write_certs(const char *path, const struct pair *p)
{
	AUTO(buf) pem = { 0 };

	pem_add_certs(&pem, p->set.certs, p->set.count);
	write_file(path, pem.data, pem.len, 0644);
}

static inline void write_key(const char *path, const struct pair *p, mode_t mode)
{
	AUTO(secret) pem = { 0 };

	pem_add_key(&pem, &p->key);
	write_file(path, pem.bytes, pem.len, mode);
}

static inline struct observation probe(const struct install *i)
{
	struct observation seen = { 0 };

	install_probe(i, &test_arena, &seen);
	return seen;
}

static inline void assert_installed(const struct install *i, const struct pair *p)
{
	struct observation seen = probe(i);

	if (seen.error)
		fail_msg("%s", seen.error);
	assert_non_null(seen.installed);
	assert_string_equal(seen.installed, p ? p->facts.fingerprint : "");
	if (seen.damage)
		fail_msg("%s", seen.damage);
}

/* What a server has that opens these paths now: "" nothing, NULL broken. */
static inline const char *served_from(const char *cert, const char *key)
{
	AUTO(buf) pem = { 0 };
	AUTO(secret) key_pem = { 0 };
	AUTO(secret) der = { 0 };
	const struct der *certs = NULL;
	size_t count = 0;
	struct cert_facts facts = { 0 };
	char spki[65] = "";
	struct err e = { 0 };
	bool has_cert = fs_read(cert, INPUT_FILE_LIMIT, &pem, &e);
	bool has_key = fs_read_secret(key, INPUT_FILE_LIMIT, &key_pem, &e);

	if (!has_cert && !has_key)
		return "";
	if (!has_cert || !has_key ||
	    !pem_read_certs(pem.data, pem.len, &test_arena, &certs, &count, &e) || !count ||
	    !cert_read_facts(certs[0], &test_arena, &facts, &e) ||
	    !pem_read_key((char *)key_pem.bytes, key_pem.len, &der, &e) ||
	    !key_spki(&der, spki, &e) || strcmp(spki, facts.spki))
		return NULL;
	return facts.fingerprint;
}

static inline const char *served(const struct install *i)
{
	const char *dir = i->directory;

	return served_from(dir ? arena_printf(&test_arena, "%s/fullchain.pem", dir)
			       : i->certificate,
			   dir ? arena_printf(&test_arena, "%s/key.pem", dir) : i->key);
}

static inline void assert_served(const struct install *i, const struct pair *p)
{
	const char *fingerprint = served(i);

	assert_non_null(fingerprint);
	assert_string_equal(fingerprint, p ? p->facts.fingerprint : "");
}

static inline void assert_leads_into(const char *path, const char *directory)
{
	char *real = realpath(path, NULL);
	char *home = realpath(directory, NULL);

	assert_non_null(real);
	assert_non_null(home);
	if (strncmp(real, home, strlen(home)))
		fail_msg("'%s' leads to '%s'", path, real);
	free(real);
	free(home);
}

/* Nobody needs the key's directory for the certificate, and no link is absolute. */
static inline void assert_split(void)
{
	static const char *const links[] = { "pub/site.crt", "priv/site.key" };

	assert_leads_into(at_root("pub/site.crt"), at_root("pub"));
	assert_leads_into(at_root("priv/site.key"), at_root("priv"));
	for (size_t i = 0; i < 2; i++) {
		char text[PATH_MAX];

		assert_true(readlink(at_root(links[i]), text, sizeof(text)) > 0);
		assert_int_not_equal(text[0], '/');
	}
}

/* As certfleet once did it: one store beside the key, and absolute links. */
static inline void plant_former_layout(const struct install *i, const struct pair *p)
{
	const char *store = at_root("priv/.site.key.certfleet");
	const char *version = arena_printf(&test_arena, "%s/%s", store, p->facts.fingerprint);

	assert_int_equal(mkdir(store, 0755), 0);
	assert_int_equal(chmod(store, 0755), 0);
	assert_int_equal(mkdir(version, 0755), 0);
	assert_int_equal(chmod(version, 0755), 0);
	write_certs(arena_printf(&test_arena, "%s/fullchain.pem", version), p);
	write_key(arena_printf(&test_arena, "%s/key.pem", version), p, 0600);
	assert_int_equal(
		symlink(p->facts.fingerprint, arena_printf(&test_arena, "%s/current", store)), 0);
	assert_int_equal(symlink(arena_printf(&test_arena, "%s/current/fullchain.pem", store),
				 i->certificate),
			 0);
	assert_int_equal(symlink(".site.key.certfleet/current/key.pem", i->key), 0);
}

/* ---- what is not ours ---- */

/* Files, links and a directory in the directory form's, which exists. */
static inline void put_others(void)
{
	write_text(at_root("beside.pem"), "beside\n");
	write_text(at_root("site/dhparam.pem"), "parameters\n");
	assert_int_equal(symlink("dhparam.pem", at_root("site/inside")), 0);
	assert_int_equal(symlink("../beside.pem", at_root("site/outside")), 0);
	assert_int_equal(mkdir(at_root("site/hooks"), 0755), 0);
	assert_int_equal(chmod(at_root("site/hooks"), 0750), 0);
	write_text(at_root("site/hooks/reload"), "hook\n");
}

static inline void assert_reads(const char *name, const char *text)
{
	AUTO(buf) found = { 0 };
	struct err e = { 0 };

	if (!fs_read(at_root(name), 100, &found, &e))
		fail_msg("'%s' cannot be read any more: %s", name, e.text);
	assert_string_equal(buf_text(&found), text);
}

/* Whoever reads them there still can. */
static inline void assert_others(void)
{
	assert_reads("site/dhparam.pem", "parameters\n");
	assert_reads("site/inside", "parameters\n");
	assert_reads("site/outside", "beside\n");
	assert_reads("site/hooks/reload", "hook\n");
}

/* ---- strangers ---- */

enum {
	STRANGER_ID = 65534
};

static inline void needs_root(void)
{
	if (geteuid() == 0)
		return;
	print_message("SKIPPED: only root can act as another user\n");
	skip();
}

static inline void give_to_stranger(const char *path)
{
	assert_int_equal(lchown(path, STRANGER_ID, STRANGER_ID), 0);
}

/* A directory in the root of the test, whatever the umask. */
static inline const char *make_dir(const char *name, mode_t mode)
{
	const char *path = at_root(name);

	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(chmod(path, mode), 0);
	return path;
}

/*
 * A whole pair that somebody has put there: the key is in NAME.key, or in
 * key.pem of directory NAME.
 */
static inline void plant_files(const struct install *i)
{
	write_certs(i->certificate, &old_pair);
	write_key(i->key, &old_pair, 0600);
	give_to_stranger(i->key);
}

static inline void plant_directory(const struct install *i, mode_t mode)
{
	const char *key = arena_printf(&test_arena, "%s/key.pem", i->directory);

	assert_int_equal(mkdir(i->directory, 0755), 0);
	write_certs(arena_printf(&test_arena, "%s/fullchain.pem", i->directory), &old_pair);
	write_key(key, &old_pair, 0600);
	give_to_stranger(key);
	assert_int_equal(chmod(i->directory, mode), 0);
}

static inline unsigned owner_of(const char *path)
{
	struct stat st = { 0 };

	assert_int_equal(lstat(path, &st), 0);
	return st.st_uid;
}

static inline bool exists(const char *path)
{
	return !faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW);
}

static inline mode_t mode_of(const char *path)
{
	struct stat st = { 0 };

	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 07777;
}

#endif
