/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copies of bundles on other machines: one row of verbs per kind, one file per
 * row.
 *
 * The engine hands over a set of jobs and gets all of them back answered; those
 * over the network run at the same time, commands one after the other.  A job
 * that fails says so in its own `error` and harms no other.  Connections are kept
 * until copies_free().
 */
#ifndef COPIES_COPY_H
#define COPIES_COPY_H

#include "base/arena.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/secret.h"
#include "model/fleet.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	COPY_SIZE_LIMIT = 64 * 1024 * 1024, /* bytes of one file */
};

enum copy_verb {
	/*
	 * Keeps a file and reads it back.  A file with this name and these bytes
	 * counts as kept; with other bytes it is never overwritten.
	 */
	COPY_PUT,
	COPY_GET,
	/* Names that begin with `name`; none where the server cannot list. */
	COPY_LIST
};

struct copy_job {
	enum copy_verb verb;
	const struct backup_copy *copy;
	const char *name;        /* of [A-Za-z0-9._-] */
	const struct buf *bytes; /* put */
	const char *path;        /* put: the file of this machine with these bytes; absolute */
	struct arena *arena;     /* for the answer */
	/* answered */
	bool done;
	struct err error;         /* when not done; get: ERR_MISSING when there is no such file */
	struct secret got;        /* get; the caller releases it */
	const char *const *names; /* list; sorted */
	size_t name_count;
};

/* A secret that a login names, borrowed until copies_free(). */
typedef bool copies_secret_fn(void *ctx, const struct secret_ref *ref, const struct secret **out,
			      struct err *e);

struct copies_options {
	const struct ssh_access *ssh;
	const char *directory; /* where commands run */
	copies_secret_fn *secret;
	void *ctx;
};

struct copies;

struct copies *copies_new(const struct copies_options *o);
void copies_free(struct copies *c);
AUTO_TYPE(copies, struct copies *, copies_free)

/* Runs every job to its end; never fails as a whole. */
void copies_run(struct copies *c, struct copy_job *jobs, size_t count);

#endif
