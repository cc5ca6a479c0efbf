/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A component's paths on a remote host, read over SSH: the counterpart of
 * install/here.h, with the same view and the same decisions.
 *
 * Reading takes two requests: names, links and directories first, then file
 * contents.  The results are kept until the session ends.
 */
#ifndef DRIVERS_SSH_TARGET_H
#define DRIVERS_SSH_TARGET_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/vec.h"
#include "drivers/driver_table.h"
#include "install/decide.h"
#include "install/view.h"
#include "remote/ssh.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Remote operations, run by /bin/sh on the remote host: a list of acts, passed
 * as arguments to a constant script.
 *
 * The script stops at the first act that fails.  It is enclosed in braces, so
 * that a truncated script does nothing at all.  Every argument is quoted.  The
 * last line of the output has the exit status, so that a process left in the
 * background, which keeps the channel open, does not hide it.  That line begins
 * with a random word, so that no output of a command is taken for it.
 */

enum {
	/* exit statuses of the script */
	SSH_LOCK_S = 10,         /* usual wait for the lock of a store */
	SSH_SCRIPT_BUSY = 75,    /* the store is locked */
	SSH_SCRIPT_MOVED = 76,   /* a link or name is not as expected */
	SSH_SCRIPT_STRANGE = 77, /* a directory is not ours alone */
	/* exit statuses of timeout(1), which ends a command */
	SSH_SCRIPT_TIMED_OUT = 124,
	SSH_SCRIPT_KILLED = 137,
};

/* Prefix of the script's own report lines, as opposed to output of programs. */
#define SSH_SCRIPT_TOLD "certfleet "

struct ssh_script_ops {
	struct arena *arena;
	struct buf words; /* quoted; released by ssh_script_run() */
};

/* Appends `text` quoted as one shell word. */
void ssh_script_quote(struct buf *out, const char *text);

/* Reports uid, groups, the ids of owner and group (NULL: not asked), and missing tools. */
void ssh_script_owner(struct ssh_script_ops *a, const char *owner, const char *group);
/* Reports "closed PATH" when our account cannot write in the directory. */
void ssh_script_writable(struct ssh_script_ops *a, const char *directory);
/* Reports "mounted PATH" when the path is a mount point itself. */
void ssh_script_mounted(struct ssh_script_ops *a, const char *path);
/*
 * Reports "linked NAME" when the file has a second hard link, "acl NAME" when it has an
 * ACL, and "label NAME" when it has a security label.
 */
void ssh_script_links(struct ssh_script_ops *a, const char *name, const char *path);
/* Reports "activating SECONDS" while a command of ssh_script_command() runs: its latest end. */
void ssh_script_activating(struct ssh_script_ops *a, const char *store);
/* Locks the store until the end of the script, waiting so long at most: SSH_SCRIPT_BUSY. */
void ssh_script_lock(struct ssh_script_ops *a, const char *store, int64_t seconds);
/* Makes a directory; an existing one must be root's or ours alone: SSH_SCRIPT_STRANGE. */
void ssh_script_directory(struct ssh_script_ops *a, const char *path);
/* Requires that the link still has this text ("": no link): SSH_SCRIPT_MOVED. */
void ssh_script_expect(struct ssh_script_ops *a, const char *link, const char *text);
/* Makes `path` a link to `text`, replacing an existing file or link in one rename. */
void ssh_script_link(struct ssh_script_ops *a, const char *path, const char *text);
/* Makes the file `path` a copy of another, with its owner and mode, in the same way. */
void ssh_script_copy(struct ssh_script_ops *a, const char *path, const char *from);
/*
 * Gives a file the ACL and security label of the one that `attr` names, as far as its
 * mode lets them; fails where they cannot be kept.
 */
void ssh_script_keep(struct ssh_script_ops *a, const char *path, const struct fs_attr *attr);
/* Renames; `to` must not exist: SSH_SCRIPT_MOVED. */
void ssh_script_move(struct ssh_script_ops *a, const char *from, const char *to);
/* Gives a second place to an entry of a directory, in a version one level `deeper` or beside it. */
void ssh_script_carry(struct ssh_script_ops *a, const char *from, const char *to, bool deeper);
/* Moves the directory `path` to `kept` and puts a link to `text` in its place. */
void ssh_script_exchange(struct ssh_script_ops *a, const char *path, const char *kept,
			 const char *text);
/* Removes a link, nothing else. */
void ssh_script_unlink(struct ssh_script_ops *a, const char *link);
/* Removes the temporary that one of those that replace left for a path. */
void ssh_script_clean(struct ssh_script_ops *a, const char *path);
/* Removes a file, or a directory with its contents. */
void ssh_script_remove(struct ssh_script_ops *a, const char *path);
void ssh_script_sync(struct ssh_script_ops *a, const char *directory);
/*
 * Runs a command with a clean environment, killed after `seconds`; the last act, after
 * ssh_script_lock().  It is run by a process of its own there, which lives on when the
 * connection breaks, holds the lock of the store, and leaves the outcome in
 * STORE_ACTIVATION; the command inherits nothing of it.
 */
struct ssh_script_command {
	const char *store;
	const char *component;
	const char *fingerprint;
	int64_t seconds;
	const char *unit; /* of systemd, waited for until it has no job; NULL: none */
	const char *const *argv;
};
void ssh_script_command(struct ssh_script_ops *a, const struct ssh_script_command *c);
/* Ends with the output and status of the command that `run` began; the last act. */
void ssh_script_outcome(struct ssh_script_ops *a, const char *store, const struct ssh_op *run);

/* Turns the acts into one op, `needed`, and empties the list. */
struct ssh_op ssh_script_run(struct ssh_script_ops *a);

/* ---- a remote target (ssh_target.c) ---- */

/* A file to read, and its destination. */
struct ssh_target_wanted {
	const char *path;
	struct pair_file *into;
	bool linked; /* a link of others leads to it */
};

struct ssh_target {
	struct job *job;
	struct arena *arena; /* the session's */
	struct ssh_login login;
	struct install_view view;
	struct install_order order;

	const char *told;              /* script output; NULL: no commands */
	VEC(const char *) directories; /* on the paths, root first */
	VEC(struct ssh_target_wanted) wanted;

	/* current request */
	VEC(struct ssh_op) ops;
	struct ssh_ask *ask; /* in the arena */
	size_t next;         /* index of the next result to take */
};

/* Allocates the target of the session's job; ends with ssh_target_release(). */
MUST_CHECK bool ssh_target_new(struct driver_session *v, struct ssh_target **out, struct err *e);
/* Wipes the file contents. */
void ssh_target_release(struct ssh_target *f);
AUTO_TYPE(ssh_target, struct ssh_target *, ssh_target_release)

/* Adds an op to the next request. */
void ssh_target_add(struct ssh_target *f, struct ssh_op op);
/* Fills `ask` with the added ops. */
void ssh_target_ask(struct ssh_target *f, struct exchange *ask);
/* The next op with its result, in request order. */
struct ssh_op *ssh_target_next(struct ssh_target *f);

void ssh_target_ask_names(struct ssh_target *f);
void ssh_target_take_names(struct ssh_target *f);
void ssh_target_ask_contents(struct ssh_target *f);
void ssh_target_take_contents(struct ssh_target *f);

/* Whether the script reported exactly "NAME VALUE"; `told` must not be NULL. */
bool ssh_target_is_reported(const struct ssh_target *f, const char *name, const char *value);
/* PATH/NAME, in the arena. */
const char *ssh_target_path(const struct ssh_target *f, const char *directory, const char *name);
/* What is known there of the last activation. */
void ssh_target_observe_activation(const struct ssh_target *f, struct observation *out);

#endif
