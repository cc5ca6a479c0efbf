/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of the kinds of copies, and one job in progress. */
#ifndef COPIES_COPY_KIND_H
#define COPIES_COPY_KIND_H

#include "base/vec.h"
#include "copies/copy.h"
#include "remote/batch.h"
#include "remote/ssh.h"

struct copy_session {
	struct copies *copies;
	struct copy_job *job;
	const struct copies_options *options;
	struct conversation *conversation; /* NULL: command */
	/* the login, as far as the kind has one */
	const struct identity *identity;
	struct secret authorization;
	struct s3_login s3;
	struct ssh_login ssh;
};

typedef VEC(const char *) copy_names;

struct copy_kind_ops {
	/* Reads the login's secrets, before any other job runs; NULL: there are none. */
	bool (*prepare)(struct copy_session *s, struct err *e);
	/* ERR_MISSING: there is no such file. */
	bool (*get)(struct copy_session *s, struct secret *out, struct err *e);
	/*
	 * Keeps the file under its name, which is free; read back afterwards.  A
	 * stop may cut it off, but for a command: the next apply copies anew.
	 */
	bool (*send)(struct copy_session *s, struct err *e);
	/* Appends the names that begin with the job's. */
	bool (*list)(struct copy_session *s, copy_names *out, struct err *e);
};

extern const struct copy_kind_ops copy_sftp, copy_webdav, copy_s3, copy_command;

/* Resolves a secret of the fleet file. */
MUST_CHECK bool copy_secret(struct copy_session *s, const struct secret_ref *ref,
			    const struct secret **out, struct err *e);
/* The authorities of the login, read once; NULL: the system's. */
MUST_CHECK bool copy_identity(struct copy_session *s, struct err *e);
/*
 * Appends every name in foreign text that begins with the job's and ends with
 * ".zip": a run of the characters of names, whatever is around it.
 */
void copy_find_names(const struct copy_session *s, const void *text, size_t len, copy_names *out);

/* ---- HTTP (copy_http.c) ---- */

struct exchange;

/* Sends the request, whatever the status of the answer. */
MUST_CHECK bool copy_request(struct copy_session *s, struct exchange *x, struct err *e);
/* The answer to a GET of the file. */
MUST_CHECK bool copy_http_got(const struct copy_session *s, struct exchange *x, struct secret *out,
			      struct err *e);
/* The error of an unexpected status, with its remedy; returns false. */
bool copy_refused(const struct copy_session *s, const struct exchange *x, struct err *e);
/* Path of the job's file in a URL. */
const char *copy_url_path(const struct copy_session *s);

#endif
