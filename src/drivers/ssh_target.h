/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A component's paths on a remote host, read over SSH: the counterpart of
 * install/target.h, with the same layout and the same rules.
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
#include "install/attr.h"
#include "install/installed_pair.h"
#include "install/layout.h"
#include "install/names.h"
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
/* Reports "linked LABEL" when the file has a second hard link. */
void ssh_script_links(struct ssh_script_ops *a, const char *label, const char *path);
/* Locks the store until the end of the script, waiting up to 10 s: SSH_SCRIPT_BUSY. */
void ssh_script_lock(struct ssh_script_ops *a, const char *store);
/* Makes a directory; an existing one must be root's or ours alone: SSH_SCRIPT_STRANGE. */
void ssh_script_directory(struct ssh_script_ops *a, const char *path);
/* Requires that the link still has this text ("": no link): SSH_SCRIPT_MOVED. */
void ssh_script_expect(struct ssh_script_ops *a, const char *link, const char *text);
/* Makes `path` a link to `text`, replacing an existing file or link in one rename. */
void ssh_script_link(struct ssh_script_ops *a, const char *path, const char *text);
/* Renames; `to` must not exist: SSH_SCRIPT_MOVED. */
void ssh_script_move(struct ssh_script_ops *a, const char *from, const char *to);
/* Moves the directory `path` to `kept` and puts a link to `text` in its place. */
struct ssh_script_exchange {
	const char *path;
	const char *kept;
	const char *text;
};
void ssh_script_exchange(struct ssh_script_ops *a, const struct ssh_script_exchange *x);
/* Remove a link (nothing else), and the temporary that ssh_script_link() left for a path. */
void ssh_script_unlink(struct ssh_script_ops *a, const char *link);
void ssh_script_unlink_temporary(struct ssh_script_ops *a, const char *path);
/* Removes a file, or a directory with its contents. */
void ssh_script_remove(struct ssh_script_ops *a, const char *path);
void ssh_script_sync(struct ssh_script_ops *a, const char *directory);
/* Runs a command with a clean environment, killed after `seconds`; must be the last act. */
struct ssh_script_command {
	const char *component;
	const char *fingerprint;
	int64_t seconds;
	const char *const *argv;
};
void ssh_script_command(struct ssh_script_ops *a, const struct ssh_script_command *c);

/* Turns the acts into one op, `needed`, and empties the list. */
struct ssh_op ssh_script_run(struct ssh_script_ops *a);

/* ---- state of a remote target (ssh_target.c) ---- */

/* A version whose files have been read. */
struct ssh_target_version {
	const struct version *name;
	struct fs_attr attr; /* of the version's directory */
	struct pair_files pieces;
};

/* A file to read, and its destination. */
struct ssh_target_wanted {
	const char *path;
	struct pair_file *into;
};

struct ssh_target {
	struct job *job;
	const struct install *install;
	struct arena *arena; /* the session's */
	struct ssh_login login;
	struct layout layout;
	const char *store; /* path */

	/* first request: names; the three texts are reasons, NULL: no obstacle */
	const char *no_shell; /* why the account cannot run commands */
	const char *unsafe;   /* why nothing may be written */
	const char *unknown;  /* why the installed pair is unknown */
	const char *told;     /* script output; NULL: no commands */
	struct attr_account account;
	VEC(const char *) directories;                /* on the paths, root first */
	struct fs_attr homes[FILE_KIND_COUNT];        /* by slot: parent directory */
	enum path_slot_state states[FILE_KIND_COUNT]; /* by slot */
	bool has_store;
	const char *current;     /* version that is on; NULL: none */
	const char *switch_text; /* of the link that says so; "": none */
	const char *staged;      /* version the link names; NULL: none */
	const char *set;         /* text of STORE_ATTR; NULL: none */
	struct versions versions;
	VEC(struct fs_attr) version_attrs; /* parallel to `versions` */
	VEC(const char *) leftovers;       /* paths left by interrupted changes */
	VEC(const char *) entries;         /* file names in a real directory */

	/* second request: contents */
	const char *not_replaceable; /* why the existing files must not be replaced */
	struct pair_files seen;
	VEC(struct ssh_target_version *) read;
	VEC(struct ssh_target_wanted) strangers; /* unrelated files of a directory */
	VEC(struct ssh_target_wanted) wanted;    /* all files to read */

	/* current request */
	VEC(struct ssh_op) ops;
	struct ssh_ask *ask; /* in the arena */
	size_t next;         /* index of the next result to take */
};

/* Allocates the target of the session's job; ends with ssh_target_release(). */
MUST_CHECK bool ssh_target_new(struct driver_session *v, struct ssh_target **out, struct err *e);
/* Wipes the file contents. */
void ssh_target_release(struct ssh_target *f);

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
const char *ssh_target_version_path(const struct ssh_target *f, const char *version);
bool ssh_target_any_slot_is(const struct ssh_target *f, enum path_slot_state state);
/* Whether a version is on, and every path leads to it. */
bool ssh_target_is_ours(const struct ssh_target *f);
/* Whether `version` is on and every path is our link. */
bool ssh_target_is_at(const struct ssh_target *f, const char *version);
/* The path of the link that is switched. */
const char *ssh_target_switch_path(const struct ssh_target *f);
/* A version with its files; NULL: not read. */
const struct ssh_target_version *ssh_target_read_version(const struct ssh_target *f,
							 const char *version);
/* Whether a version's directory is trusted, so that its files can be used. */
MUST_CHECK bool ssh_target_check_version(const struct ssh_target *f, const char *version,
					 struct fs_attr attr, struct err *e);

/* ---- switching between versions (ssh_switch.c) ---- */

/*
 * The switch on a remote host, as acts of the script: the counterpart of
 * install/switch.c.  Interrupted at any point, every list of acts leaves the old
 * or the new state whole.
 */

struct ssh_target_switch {
	const char *version;
	/*
	 * Version name under which real files or a real directory are kept;
	 * NULL: nothing to keep.
	 */
	const char *kept;
	const char *set;  /* owners and modes of its files, for STORE_ATTR; NULL: no record */
	bool kept_is_new; /* single paths: it was just written as STORE_NEW */
};

/*
 * Records what owners and modes were set (STORE_ATTR), which the next stage
 * inherits; NULL: removes the record.
 */
void ssh_target_record_attrs(const struct ssh_target *f, const char *set, struct ssh_script_ops *a);
/* Switches to the version; old versions stay until ssh_target_prune(). */
void ssh_target_switch_to(const struct ssh_target *f, const struct ssh_target_switch *s,
			  struct ssh_script_ops *a);
/* Removes our links; no version is current afterwards. */
void ssh_target_switch_off(const struct ssh_target *f, struct ssh_script_ops *a);
/* Completes an interrupted switch: syncs, and removes the staged link. */
void ssh_target_finish(const struct ssh_target *f, struct ssh_script_ops *a);
/* Removes all versions except `keep`, the one current before the switch, and found ones. */
void ssh_target_prune(const struct ssh_target *f, const char *keep, struct ssh_script_ops *a);
/* Removes all versions of `base` except the current one. */
void ssh_target_forget(const struct ssh_target *f, const char *base, struct ssh_script_ops *a);
/* Removes leftovers of interrupted changes. */
void ssh_target_clean(const struct ssh_target *f, struct ssh_script_ops *a);

/* ---- decision for each verb (ssh_decide.c) ---- */

/*
 * The changes that a verb makes on the remote host, decided from the state that
 * was read: a version to write, then acts of the script.
 */

struct ssh_decision {
	struct ssh_target *far;
	struct pair_files written; /* version to write as STORE_NEW, when `writes` */
	bool writes;
	struct ssh_script_ops script; /* empty: no changes */
};

/* Wipes the file contents, its target's included. */
void ssh_decision_release(struct ssh_decision *w);
AUTO_STRUCT(ssh_decision, struct ssh_decision, ssh_decision_release)

/*
 * Decides by the job's verb; probe and read fill in the job's answer.  False:
 * not possible, and nothing is changed.
 */
MUST_CHECK bool ssh_target_decide(struct ssh_decision *w, struct err *e);
const char *ssh_target_first_path(const struct ssh_target *f);

#endif
