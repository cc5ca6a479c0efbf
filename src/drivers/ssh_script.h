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
	FAR_BUSY = 75,
	FAR_MOVED = 76,
	FAR_STRANGE = 77,
	/* of timeout(1), which ends a command */
	FAR_TIMED_OUT = 124,
	FAR_KILLED = 137,
};

/* The begin of lines that are told, not said by a program. */
#define FAR_TOLD "certfleet "

struct far_acts {
	struct arena *arena;
	struct buf words; /* quoted; released by far_acts_run() */
};

/* Appends `text` as one word of the shell, whatever is in it. */
void far_quote(struct buf *out, const char *text);

/* uid, groups, and the ids of two names ("": none); tools that are missing. */
void far_who(struct far_acts *a, const char *owner, const char *group);
/* Tells when nothing can be made in it: "closed PATH". */
void far_writable(struct far_acts *a, const char *directory);
/* Tells "linked LABEL" of a file that has a second name. */
void far_links(struct far_acts *a, const char *label, const char *path);
/* Nobody else's acts at the same time; held to the end of the script. */
void far_lock(struct far_acts *a, const char *store);
/* One that is there must be root's or ours alone: FAR_STRANGE. */
void far_directory(struct far_acts *a, const char *path);
/* The link still says this ("": there is none); FAR_MOVED when not. */
void far_expect(struct far_acts *a, const char *link, const char *text);
/* Makes `path` a link to `text` in one rename over what file or link is there.
 */
void far_link(struct far_acts *a, const char *path, const char *text);
/* Renames to a name that must be free. */
void far_move(struct far_acts *a, const char *from, const char *to);
/* A directory moves to `kept`, and a link to `text` takes its place. */
struct far_exchange {
	const char *path;
	const char *kept;
	const char *text;
};
void far_exchange(struct far_acts *a, const struct far_exchange *x);
/* A link, if it is one, or the temporary that far_link() left for a path. */
void far_unlink(struct far_acts *a, const char *link);
void far_unlink_temporary(struct far_acts *a, const char *path);
/* With all that is in it. */
void far_remove(struct far_acts *a, const char *path);
void far_sync(struct far_acts *a, const char *directory);
/* A command with a clean environment, killed after `seconds`; the last act. */
struct far_command {
	const char *component;
	const char *fingerprint;
	int64_t seconds;
	const char *const *argv;
};
void far_command(struct far_acts *a, const struct far_command *c);

/* The acts as one op, needed by those that follow; leaves none. */
struct ssh_op far_acts_run(struct far_acts *a);

#endif
