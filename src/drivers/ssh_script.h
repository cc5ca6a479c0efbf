/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is done on another machine by its /bin/sh: a list of acts, as words of
 * a script that is always the same.
 *
 * The script stops at the first act that fails.  It stands in braces, so that
 * a part of it, cut off anywhere, does nothing at all; every word is quoted,
 * and its last line tells its status even when a process that it left behind
 * keeps the connection busy.  That line begins with a word that is new each
 * time, so that nothing a command prints is taken for it.
 */
#ifndef DRIVERS_SSH_SCRIPT_H
#define DRIVERS_SSH_SCRIPT_H

#include "base/arena.h"
#include "base/buf.h"
#include "remote/ssh.h"

enum {
	/* statuses of the script's own */
	SSH_SCRIPT_BUSY = 75,
	SSH_SCRIPT_MOVED = 76,
	SSH_SCRIPT_STRANGE = 77,
	/* of timeout(1), which ends a command */
	SSH_SCRIPT_TIMED_OUT = 124,
	SSH_SCRIPT_KILLED = 137,
};

/* The begin of lines that are told, not said by a program. */
#define SSH_SCRIPT_TOLD "certfleet "

struct ssh_script_ops {
	struct arena *arena;
	struct buf words; /* quoted; released by ssh_script_run() */
};

/* Appends `text` as one word of the shell, whatever is in it. */
void ssh_script_quote(struct buf *out, const char *text);

/* uid, groups, and the ids of two names ("": none); tools that are missing. */
void ssh_script_owner(struct ssh_script_ops *a, const char *owner, const char *group);
/* Tells when nothing can be made in it: "closed PATH". */
void ssh_script_writable(struct ssh_script_ops *a, const char *directory);
/* Tells "linked LABEL" of a file that has a second name. */
void ssh_script_links(struct ssh_script_ops *a, const char *label, const char *path);
/* Nobody else's acts at the same time; held to the end of the script. */
void ssh_script_lock(struct ssh_script_ops *a, const char *store);
/* One that is there must be root's or ours alone: SSH_SCRIPT_STRANGE. */
void ssh_script_directory(struct ssh_script_ops *a, const char *path);
/* The link still says this ("": there is none); SSH_SCRIPT_MOVED when not. */
void ssh_script_expect(struct ssh_script_ops *a, const char *link, const char *text);
/* Makes `path` a link to `text` in one rename over what file or link is there.
 */
void ssh_script_link(struct ssh_script_ops *a, const char *path, const char *text);
/* Renames to a name that must be free. */
void ssh_script_move(struct ssh_script_ops *a, const char *from, const char *to);
/* A directory moves to `kept`, and a link to `text` takes its place. */
struct ssh_script_exchange {
	const char *path;
	const char *kept;
	const char *text;
};
void ssh_script_exchange(struct ssh_script_ops *a, const struct ssh_script_exchange *x);
/* A link, if it is one, or the temporary that ssh_script_link() left for a path. */
void ssh_script_unlink(struct ssh_script_ops *a, const char *link);
void ssh_script_unlink_temporary(struct ssh_script_ops *a, const char *path);
/* With all that is in it. */
void ssh_script_remove(struct ssh_script_ops *a, const char *path);
void ssh_script_sync(struct ssh_script_ops *a, const char *directory);
/* A command with a clean environment, killed after `seconds`; the last act. */
struct ssh_script_command {
	const char *component;
	const char *fingerprint;
	int64_t seconds;
	const char *const *argv;
};
void ssh_script_command(struct ssh_script_ops *a, const struct ssh_script_command *c);

/* The acts as one op, needed by those that follow; leaves none. */
struct ssh_op ssh_script_run(struct ssh_script_ops *a);

#endif
