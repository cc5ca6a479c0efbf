/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SSH as an exchange: a list of remote operations, run in order over one
 * connection, which is kept for the next exchange with the same account.
 *
 * Files are read and written over SFTP; the rest is done by a script on the
 * standard input of /bin/sh.  The host key must be in known_hosts or pinned.
 * Login is by public key, never by password; neither an SSH agent nor the local
 * ssh configuration is used.
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
	SSH_ENTRY_LIMIT = 4096,       /* entries of one directory */
	SSH_OUTPUT_LIMIT = 64 * 1024, /* bytes of script output; the end is kept */
};

/* Login credentials and expected host key; must outlive the batch. */
struct ssh_login {
	const char *user;
	const char *host; /* name in known_hosts */
	uint16_t port;
	const struct secret *key;        /* text, OpenSSH's own format or PEM */
	const struct secret *passphrase; /* of the key; NULL: none */
	const char *known_hosts;         /* path; NULL: none */
	const char *host_key;            /* pinned "SHA256:..."; NULL: known_hosts */
};

enum ssh_kind {
	SSH_LOOK,   /* lstat */
	SSH_LINK,   /* readlink */
	SSH_LIST,   /* list a directory */
	SSH_READ,   /* read a regular file */
	SSH_WRITE,  /* create a file: owner and mode before the first byte; synced */
	SSH_RENAME, /* give a file another name, which is free */
	SSH_REMOVE, /* remove a file */
	SSH_RUN,    /* run a script */
	SSH_KIND_COUNT
};

enum ssh_result {
	SSH_UNTRIED, /* not run, because an earlier `needed` op failed */
	SSH_DONE,
	SSH_ABSENT, /* no such file */
	SSH_FAILED
};

struct ssh_entry {
	const char *name;
	struct fs_attr attr; /* mode includes the file type */
};

struct ssh_op {
	enum ssh_kind kind;
	const char *path;
	const char *to;    /* rename */
	size_t limit;      /* read; 0: SSH_FILE_LIMIT */
	bool follows;      /* read: through a link */
	const void *bytes; /* write: the content; run: the script */
	size_t len;
	struct fs_attr attr; /* write */
	/*
	 * Run: prefix of the script's last line, followed by its exit status.
	 * Output after that line, from a process left in the background, is
	 * not waited for.
	 */
	const char *end;
	bool needed; /* its failure skips all later ops */
	/* result; strings in the arena, messages escaped */
	enum ssh_result result;
	const char *why;      /* reason of a failure */
	struct fs_attr found; /* look, read; mode includes the file type */
	const char *text;     /* link: target; run: output before the last line */
	int status;           /* run: exit status; -1: unknown */
	const struct ssh_entry *entries;
	size_t entry_count;
	struct secret got; /* read */
};

struct ssh_ask {
	const struct ssh_login *login;
	struct arena *arena; /* for the results */
	struct ssh_op *ops;
	size_t count;
};

/* Wipes the contents that were read. */
void ssh_ask_clear(struct ssh_ask *a);

#endif
