/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SSH as an exchange: a list of things to do on the far side, one after the
 * other, over one connection, which is kept for the next exchange with the
 * same account.
 *
 * Files are read and written over SFTP; what SFTP cannot do is done by
 * /bin/sh, which is given a script to read.  Nobody but the host whose key is
 * known, or pinned, is talked to; we say who we are with a key, never with a
 * password, and neither an agent nor any file of this machine's ssh is used.
 */
#ifndef REMOTE_SSH_H
#define REMOTE_SSH_H

#include "base/arena.h"
#include "base/fs.h"
#include "base/secret.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	SSH_FILE_LIMIT = 1024 * 1024,
	SSH_ENTRY_LIMIT = 4096,       /* of a directory */
	SSH_OUTPUT_LIMIT = 64 * 1024, /* of a script; its end is kept */
};

/* Who we are, and whom we take for the host; borrowed as long as the batch. */
struct ssh_login {
	const char *user;
	const char *host; /* as known_hosts names it */
	uint16_t port;
	const struct secret *key;        /* text: OpenSSH's own format, PEM */
	const struct secret *passphrase; /* of the key; NULL: none */
	const char *known_hosts;         /* path; NULL: there is none */
	const char *host_key;            /* "SHA256:...": this one alone */
};

enum ssh_kind {
	SSH_LOOK, /* at what stands there; links are not followed */
	SSH_LINK, /* where a symbolic link points */
	SSH_LIST,
	SSH_READ,  /* a regular file */
	SSH_WRITE, /* a new file: owner and mode before the first byte; synced
		    */
	SSH_RUN,   /* a script */
	SSH_KIND_COUNT
};

enum ssh_result {
	SSH_UNTRIED, /* something that was needed before had failed */
	SSH_DONE,
	SSH_ABSENT, /* there is no such file */
	SSH_FAILED
};

struct ssh_entry {
	const char *name;
	struct fs_attr attr; /* its mode with the kind of file */
};

struct ssh_op {
	enum ssh_kind kind;
	const char *path;
	const void *bytes; /* write: the content; run: the script */
	size_t len;
	struct fs_attr attr; /* write */
	/*
	 * Run: the begin of the line that ends it; its status follows.  What a
	 * process that it leaves behind says after that is not waited for.
	 */
	const char *end;
	bool needed; /* when it fails, the rest is not tried */
	/* answered; texts in the arena, escaped when they are a message */
	enum ssh_result result;
	const char *why;      /* it failed */
	struct fs_attr found; /* look, read; mode with the kind of file */
	const char *text;     /* link; run: what it said before its end */
	int status;           /* run; -1: it did not end by itself */
	const struct ssh_entry *entries;
	size_t entry_count;
	struct secret got; /* read */
};

struct ssh_ask {
	const struct ssh_login *login;
	struct arena *arena; /* for the answers */
	struct ssh_op *ops;
	size_t count;
};

/* Wipes what was read. */
void ssh_ask_clear(struct ssh_ask *a);

#endif
