/* SPDX-License-Identifier: Apache-2.0 */
#include "install_fixture.h"

#include "pki_fixture.h"

#include <grp.h>
#include <sys/wait.h>
#include <sys/xattr.h>

struct pair old_pair;
struct pair new_pair;
struct pair third_pair;

char root[256];

struct arena test_arena;

int make_pairs(void **state)
{
	const struct san name = { NAME_DNS, "web.example.com" };
	const struct certificate c = { .name = "web",
				       .subject = "CN=web.example.com",
				       .validity = DAY,
				       .names = &name,
				       .name_count = 1,
				       .purpose = PURPOSE_SERVER,
				       .key = KEY_ECDSA_P256 };
	AUTO(pair) ca = { 0 };

	(void)state;
	make_authority("CN=Test CA", KEY_ECDSA_P256, time(NULL), &ca);
	make_leaf(&c, &ca, time(NULL), &old_pair);
	make_leaf(&c, &ca, time(NULL), &new_pair);
	make_leaf(&c, &ca, time(NULL), &third_pair);
	return 0;
}

int drop_pairs(void **state)
{
	(void)state;
	pair_release(&old_pair);
	pair_release(&new_pair);
	pair_release(&third_pair);
	return 0;
}

int open_root(void **state)
{
	const char *base = getenv("TMPDIR");

	(void)state;
	umask(077);
	snprintf(root, sizeof(root), "%s/certfleet-place-XXXXXX", base ? base : "/tmp");
	return mkdtemp(root) ? 0 : -1;
}

int close_root(void **state)
{
	(void)state;
	umask(077);
	folder_remove(root);
	arena_release(&test_arena);
	return 0;
}

const char *at_root(const char *name)
{
	return arena_printf(&test_arena, "%s/%s", root, name);
}

struct install directory_form(void)
{
	return (struct install){ .directory = at_root("site") };
}

struct install path_form(void)
{
	return (struct install){ .certificate = at_root("site.crt"), .key = at_root("site.key") };
}

/* The key is in a directory that others cannot enter. */
struct install split_form(void)
{
	return (struct install){ .certificate = at_root("pub/site.crt"),
				 .key = at_root("priv/site.key") };
}

void make_split_homes(void)
{
	assert_int_equal(mkdir(at_root("pub"), 0755), 0);
	assert_int_equal(chmod(at_root("pub"), 0755), 0);
	assert_int_equal(mkdir(at_root("priv"), 0710), 0);
	assert_int_equal(chmod(at_root("priv"), 0710), 0);
}

struct install_pair as_placed(const struct pair *p)
{
	return (struct install_pair){ .fingerprint = p->facts.fingerprint,
				      .set = &p->set,
				      .key = &p->key };
}

bool stage(const struct install *i, const struct pair *p, struct err *e)
{
	const struct install_pair pair = as_placed(p);

	return install_stage(i, &pair, e);
}

bool deploy(const struct install *i, const struct pair *p, struct err *e)
{
	return stage(i, p, e) && install_commit(i, p->facts.fingerprint, NULL, e);
}

void write_file(const char *path, const void *bytes, size_t len, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	fchmod(fd, mode);
	close(fd);
}

void write_text(const char *path, const char *text)
{
	write_file(path, text, strlen(text), 0644);
}

void write_certs(const char *path, const struct pair *p)
{
	AUTO(buf) pem = { 0 };

	pem_add_certs(&pem, p->set.certs, p->set.count);
	write_file(path, pem.data, pem.len, 0644);
}

void write_key(const char *path, const struct pair *p, mode_t mode)
{
	AUTO(secret) pem = { 0 };

	pem_add_key(&pem, &p->key);
	write_file(path, pem.bytes, pem.len, mode);
}

struct observation probe(const struct install *i)
{
	struct observation seen = { 0 };

	install_probe(i, &test_arena, &seen);
	return seen;
}

void assert_installed(const struct install *i, const struct pair *p)
{
	struct observation seen = probe(i);

	if (seen.error)
		fail_msg("%s", seen.error);
	assert_non_null(seen.installed);
	assert_string_equal(seen.installed, p ? p->facts.fingerprint : "");
	if (seen.damage)
		fail_msg("%s", seen.damage);
}

const char *served_from(const char *cert, const char *key)
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

const char *served(const struct install *i)
{
	const char *dir = i->directory;

	return served_from(dir ? arena_printf(&test_arena, "%s/fullchain.pem", dir)
			       : i->certificate,
			   dir ? arena_printf(&test_arena, "%s/key.pem", dir) : i->key);
}

void assert_served(const struct install *i, const struct pair *p)
{
	const char *fingerprint = served(i);

	assert_non_null(fingerprint);
	assert_string_equal(fingerprint, p ? p->facts.fingerprint : "");
}

static void assert_leads_into(const char *path, const char *directory)
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

void assert_split(void)
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

void plant_former_layout(const struct install *i, const struct pair *p)
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
void put_others(void)
{
	write_text(at_root("beside.pem"), "beside\n");
	write_text(at_root("site/dhparam.pem"), "parameters\n");
	assert_int_equal(symlink("dhparam.pem", at_root("site/inside")), 0);
	assert_int_equal(symlink("../beside.pem", at_root("site/outside")), 0);
	assert_int_equal(mkdir(at_root("site/hooks"), 0755), 0);
	assert_int_equal(chmod(at_root("site/hooks"), 0750), 0);
	write_text(at_root("site/hooks/reload"), "hook\n");
}

void assert_reads(const char *name, const char *text)
{
	AUTO(buf) found = { 0 };
	struct err e = { 0 };

	if (!fs_read(at_root(name), 100, &found, &e))
		fail_msg("'%s' cannot be read any more: %s", name, e.text);
	assert_string_equal(buf_text(&found), text);
}

/* Whoever reads them there still can. */
void assert_others(void)
{
	assert_reads("site/dhparam.pem", "parameters\n");
	assert_reads("site/inside", "parameters\n");
	assert_reads("site/outside", "beside\n");
	assert_reads("site/hooks/reload", "hook\n");
}

void needs_root(void)
{
	if (geteuid() == 0)
		return;
	print_message("SKIPPED: only root can act as another user\n");
	skip();
}

void give_to_stranger(const char *path)
{
	assert_int_equal(lchown(path, STRANGER_ID, STRANGER_ID), 0);
}

const char *make_dir(const char *name, mode_t mode)
{
	const char *path = at_root(name);

	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(chmod(path, mode), 0);
	return path;
}

void plant_files(const struct install *i)
{
	write_certs(i->certificate, &old_pair);
	write_key(i->key, &old_pair, 0600);
	give_to_stranger(i->key);
}

void plant_directory(const struct install *i, mode_t mode)
{
	const char *key = arena_printf(&test_arena, "%s/key.pem", i->directory);

	assert_int_equal(mkdir(i->directory, 0755), 0);
	write_certs(arena_printf(&test_arena, "%s/fullchain.pem", i->directory), &old_pair);
	write_key(key, &old_pair, 0600);
	give_to_stranger(key);
	assert_int_equal(chmod(i->directory, mode), 0);
}

unsigned owner_of(const char *path)
{
	struct stat st = { 0 };

	assert_int_equal(lstat(path, &st), 0);
	return st.st_uid;
}

bool exists(const char *path)
{
	return !faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW);
}

mode_t mode_of(const char *path)
{
	struct stat st = { 0 };

	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 07777;
}

void set_acl(const char *path)
{
	static const unsigned char acl[] = {
		2,    0, 0, 0,                         /* version */
		0x01, 0, 6, 0, 0xff, 0xff, 0xff, 0xff, /* the owner: rw */
		0x02, 0, 4, 0, 0x21, 0,    0,    0,    /* user 33: r */
		0x04, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, /* the group: nothing */
		0x10, 0, 4, 0, 0xff, 0xff, 0xff, 0xff, /* the mask: r */
		0x20, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, /* others: nothing */
	};

	if (!setxattr(path, "system.posix_acl_access", acl, sizeof(acl), 0))
		return;
	print_message("SKIPPED: no ACLs in this directory\n");
	skip();
}

bool has_acl(const char *path)
{
	return getxattr(path, "system.posix_acl_access", NULL, 0) > 0;
}

bool opens_as(uid_t user, const char *path)
{
	int status = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(setresgid(user, user, user) || setgroups(0, NULL) ||
		      setresuid(user, user, user) || open(path, O_RDONLY | O_CLOEXEC) < 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status == 0;
}
