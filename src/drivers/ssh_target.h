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

#include "base/vec.h"
#include "drivers/driver_table.h"
#include "drivers/ssh_script.h"
#include "install/attr.h"
#include "install/installed_pair.h"
#include "install/layout.h"
#include "install/names.h"
#include "remote/ssh.h"

#include <stdbool.h>
#include <stddef.h>

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

#endif
