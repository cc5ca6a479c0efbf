/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The paths of a component on another machine, as they are seen over SSH: the
 * counterpart of install/target.h, with the same layout and the same rules.
 *
 * It takes two asks to see them: names, links and directories, then contents.
 * What is found is kept here until the conversation ends.
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
 * What is done on another machine by its /bin/sh: a list of acts, as words of
 * a script that is always the same.
 *
 * The script stops at the first act that fails.  It stands in braces, so that
 * a part of it, cut off anywhere, does nothing at all; every word is quoted,
 * and its last line tells its status even when a process that it left behind
 * keeps the connection busy.  That line begins with a word that is new each
 * time, so that nothing a command prints is taken for it.
 */

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

/* ---- drivers/ssh_target.c ---- */

/* A version whose files were read. */
struct ssh_target_version {
	const struct version *name;
	struct fs_attr attr; /* of its directory */
	struct pair_files pieces;
};

/* A file that is read, and where it goes. */
struct ssh_target_wanted {
	const char *path;
	struct pair_file *into;
};

struct ssh_target {
	struct job *job;
	const struct install *install;
	struct arena *arena; /* the visit's */
	struct ssh_login login;
	struct layout layout;
	const char *store; /* its path */

	/* names; each text says why, NULL: it is so */
	const char *mute;    /* no command can be run */
	const char *unsafe;  /* nothing may be written */
	const char *unknown; /* what is installed cannot be told */
	const char *told;    /* what the script said; NULL: mute */
	struct attr_account account;
	VEC(const char *) directories;                /* on the way, from the top */
	struct fs_attr homes[FILE_KIND_COUNT];        /* by spot */
	enum path_slot_state states[FILE_KIND_COUNT]; /* by spot */
	bool has_store;
	const char *current;     /* version that is on; NULL: none */
	const char *switch_text; /* of the link that says so; "": none */
	const char *staged;      /* version the link names; NULL: none */
	const char *set;         /* text of STORE_ATTR; NULL: none */
	struct versions versions;
	VEC(struct fs_attr) version_attrs; /* of their directories */
	VEC(const char *) leftovers;       /* paths */
	VEC(const char *) entries;         /* of a real directory: names of files */

	/* contents */
	const char *stays; /* why what stands there must not be replaced */
	struct pair_files seen;
	VEC(struct ssh_target_version *) read;
	VEC(struct ssh_target_wanted) strangers; /* entries that are no part */
	VEC(struct ssh_target_wanted) wishes;

	/* the ask that goes on */
	VEC(struct ssh_op) ops;
	struct ssh_ask *ask; /* in the arena */
	size_t next;         /* whose answer is taken next */
};

/* For the job of a visit; ssh_target_release() when it ends. */
MUST_CHECK bool ssh_target_new(struct visit *v, struct ssh_target **out, struct err *e);
/* Wipes what was read. */
void ssh_target_release(struct ssh_target *f);

/* One more op of the next ask. */
void ssh_target_add(struct ssh_target *f, struct ssh_op op);
/* Hands over what was added. */
void ssh_target_ask(struct ssh_target *f, struct exchange *ask);
/* The next op of the ask that was answered. */
struct ssh_op *ssh_target_next(struct ssh_target *f);

void ssh_target_ask_names(struct ssh_target *f);
void ssh_target_take_names(struct ssh_target *f);
void ssh_target_ask_contents(struct ssh_target *f);
void ssh_target_take_contents(struct ssh_target *f);

/* Whether the script said so, whole line; not when mute. */
bool ssh_target_is_reported(const struct ssh_target *f, const char *name, const char *value);

/* PATH/NAME, in the arena. */
const char *ssh_target_path(const struct ssh_target *f, const char *directory, const char *name);
const char *ssh_target_version_path(const struct ssh_target *f, const char *version);
bool ssh_target_any_slot_is(const struct ssh_target *f, enum path_slot_state state);
/* Whether a version is on, and every path leads to it. */
bool ssh_target_is_ours(const struct ssh_target *f);
/* Whether `version` is on and every path is our link. */
bool ssh_target_is_at(const struct ssh_target *f, const char *version);
/* Path of the link that is switched. */
const char *ssh_target_switch_path(const struct ssh_target *f);
/* A version with its files; NULL: they were not read. */
const struct ssh_target_version *ssh_target_read_version(const struct ssh_target *f,
							 const char *version);
/* Whether what a version holds can be believed. */
MUST_CHECK bool ssh_target_check_version(const struct ssh_target *f, const char *version,
					 struct fs_attr attr, struct err *e);

/* ---- drivers/ssh_switch.c ---- */

/*
 * The switch on another machine, as acts of the script: the counterpart of
 * install/switch.h.  Every list of acts leaves the old or the new state whole
 * wherever it is cut off.
 */

struct ssh_target_switch {
	const char *version;
	/*
	 * Where real files or a real directory are kept: a version's name, or
	 * NULL when there is nothing real.
	 */
	const char *kept;
	const char *set;  /* owners and modes of its files; NULL: unknown */
	bool kept_is_new; /* single paths: it was just written as STORE_NEW */
};

/* Turns the switch; what is not of use any more stays. */
void ssh_target_switch_to(const struct ssh_target *f, const struct ssh_target_switch *s,
			  struct ssh_script_ops *a);
/* Nothing is on and no link of ours is left. */
void ssh_target_switch_off(const struct ssh_target *f, struct ssh_script_ops *a);
/* Nothing is staged, and what was done is durable. */
void ssh_target_finish(const struct ssh_target *f, struct ssh_script_ops *a);
/* Removes all versions but `keep`, the one that was on, and those found. */
void ssh_target_prune(const struct ssh_target *f, const char *keep, struct ssh_script_ops *a);
/* Removes all versions of `base` but the one that is on. */
void ssh_target_forget(const struct ssh_target *f, const char *base, struct ssh_script_ops *a);
/* Removes what interrupted acts left. */
void ssh_target_clean(const struct ssh_target *f, struct ssh_script_ops *a);

/* ---- drivers/ssh_decide.c ---- */

/*
 * What a verb does to the paths of another machine, decided by what stands
 * there: a version to write, and acts to do after that.
 */

struct ssh_decision {
	struct ssh_target *far;
	struct pair_files written; /* as STORE_NEW, when `writes` */
	bool writes;
	struct ssh_script_ops acts; /* none: nothing is to be done */
};

/*
 * By the verb of the job; probe and read are answered at once.  False: it
 * cannot be done, and nothing is.
 */
MUST_CHECK bool ssh_target_decide(struct ssh_decision *w, struct err *e);
const char *ssh_target_first_path(const struct ssh_target *f);

#endif
