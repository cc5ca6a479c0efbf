/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/enrol_key.h"

#include "agent/agent_state.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/secret.h"
#include "pki/csr.h"
#include "pki/foreign.h"
#include "pki/issue.h"
#include "pki/pair.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define UNFINISHED ".enrolling"

/* A file to be created in a directory that is safe for keys. */
struct own_file {
	int dirfd;
	const char *path;
	const char *name;
};

struct enrol_key {
	struct arena arena;
	struct own_file certificate;
	struct own_file key;
	const char *unfinished; /* temporary name of the key; NULL: no such file */
	struct secret pkcs8;    /* empty until the key is made */
	bool complete;
};

/* ---- files ---- */

static bool file_open(struct own_file *f, const char *path, struct arena *a, struct err *e)
{
	const char *whole = fs_absolute(a, path);

	f->path = arena_strdup(a, path);
	f->name = strrchr(whole, '/') + 1;
	return fs_open_safe_dir(fs_dirname(a, whole), false, &f->dirfd, e) ||
	       err_in(e, "cannot keep '%s'", path);
}

static bool enrol_key_is_there(const struct own_file *f)
{
	struct stat st;

	return !fstatat(f->dirfd, f->name, &st, AT_SYMLINK_NOFOLLOW) || errno != ENOENT;
}

void enrol_key_free(struct enrol_key *o)
{
	if (!o)
		return;
	if (o->unfinished)
		unlinkat(o->key.dirfd, o->unfinished, 0);
	fd_auto(&o->certificate.dirfd);
	fd_auto(&o->key.dirfd);
	secret_release(&o->pkcs8);
	arena_release(&o->arena);
	free(o);
}

/*
 * Renames the key to its final name, which must be free.  On failure the
 * temporary file stays: the certificate is in its place, so the next enrolment
 * can finish this one.
 */
static bool name_key(struct enrol_key *o, struct err *e)
{
	const char *unfinished = TAKE(o->unfinished);

	if (renameat2(o->key.dirfd, unfinished, o->key.dirfd, o->key.name, RENAME_NOREPLACE) ||
	    fsync(o->key.dirfd))
		return err_sys(e, "cannot write '%s'", o->key.path);
	return true;
}

/* ---- finishing an interrupted enrolment ---- */

static bool belongs_together(const struct enrol_key *o)
{
	AUTO(arena) a = { 0 };
	AUTO(secret) key = { 0 };
	AUTO(pair) pair = { 0 };
	struct cert_set set = { 0 };
	struct err ignored = { 0 };
	const char *unfinished = arena_printf(&a, "%s" UNFINISHED, o->key.path);

	return pem_file_key(unfinished, NULL, &key, &ignored) &&
	       pem_file_certs(o->certificate.path, &a, NULL, &set, &ignored) &&
	       pair_from_parts(&key, &set, &pair, &ignored) &&
	       pair_lint(&pair, clock_now(), &ignored);
}

/* ---- start ---- */

static const char *unfinished_name(struct enrol_key *o)
{
	return arena_printf(&o->arena, "%s" UNFINISHED, o->key.name);
}

static bool enrol_key_reject(const char *path, const char *other, struct err *e)
{
	return err_set(
		e, ERR_INPUT,
		"'%s' is there already: this agent is enrolled; to do it again, stop the agent and remove that and '%s'",
		path, other);
}

static bool enrol_key_start(struct enrol_key *o, const struct agent_config *c, struct err *e)
{
	agent_files_clean(c);
	if (!file_open(&o->certificate, c->certificate, &o->arena, e) ||
	    !file_open(&o->key, c->key, &o->arena, e))
		return false;
	if (enrol_key_is_there(&o->key))
		return enrol_key_reject(c->key, c->certificate, e);
	if (!enrol_key_is_there(&o->certificate))
		return true;
	if (!belongs_together(o))
		return enrol_key_reject(c->certificate, c->key, e);
	o->complete = true;
	o->unfinished = unfinished_name(o);
	return name_key(o, e);
}

bool enrol_key_begin(const struct agent_config *c, struct enrol_key **out, struct err *e)
{
	AUTO(enrol_key) o = xcalloc(1, sizeof(*o));

	o->certificate.dirfd = -1;
	o->key.dirfd = -1;
	if (!enrol_key_start(o, c, e))
		return false;
	*out = TAKE(o);
	return true;
}

bool enrol_key_is_complete(const struct enrol_key *o)
{
	return o->complete;
}

bool enrol_key_request(struct enrol_key *o, struct arena *a, struct der *csr, struct err *e)
{
	AUTO(secret) pem = { 0 };

	if (!key_generate(KEY_ECDSA_P256, &o->pkcs8, e))
		return false;
	pem_add_key(&pem, &o->pkcs8);
	o->unfinished = unfinished_name(o);
	return fs_replace_at(o->key.dirfd, o->unfinished, pem.bytes, pem.len, FS_PRIVATE, e) &&
	       csr_make(&o->pkcs8, a, csr, e);
}

/* ---- finish ---- */

bool enrol_key_finish(struct enrol_key *o, const struct grant *g, struct err *e)
{
	const struct cert_set set = { .certs = g->certs, .count = g->cert_count };
	AUTO(pair) pair = { 0 };
	AUTO(buf) pem = { 0 };

	if (!foreign_pair(&o->pkcs8, &set, clock_now(), &pair, e))
		return err_in(e, "cannot use the certificate");
	pem_add_certs(&pem, set.certs, set.count);
	if (!fs_replace_at(o->certificate.dirfd, o->certificate.name, buf_text(&pem), pem.len,
			   FS_PUBLIC, e))
		return err_in(e, "cannot write '%s'", o->certificate.path);
	return name_key(o, e);
}
