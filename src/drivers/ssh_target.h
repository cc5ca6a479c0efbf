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
struct far_version {
	const struct version *name;
	struct fs_attr attr; /* of its directory */
	struct pieces pieces;
};

/* A file that is read, and where it goes. */
struct far_wish {
	const char *path;
	struct piece *into;
};

struct far {
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
	VEC(const char *) directories;      /* on the way, from the top */
	struct fs_attr homes[PART_COUNT];   /* by spot */
	enum spot_state states[PART_COUNT]; /* by spot */
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
	struct pieces seen;
	VEC(struct far_version *) read;
	VEC(struct far_wish) strangers; /* entries that are no part */
	VEC(struct far_wish) wishes;

	/* the ask that goes on */
	VEC(struct ssh_op) ops;
	struct ssh_ask *ask; /* in the arena */
	size_t next;         /* whose answer is taken next */
};

/* For the job of a visit; far_release() when it ends. */
MUST_CHECK bool far_new(struct visit *v, struct far **out, struct err *e);
/* Wipes what was read. */
void far_release(struct far *f);

/* One more op of the next ask. */
void far_add(struct far *f, struct ssh_op op);
/* Hands over what was added. */
void far_ask(struct far *f, struct exchange *ask);
/* The next op of the ask that was answered. */
struct ssh_op *far_next(struct far *f);

void far_ask_names(struct far *f);
void far_take_names(struct far *f);
void far_ask_contents(struct far *f);
void far_take_contents(struct far *f);

/* Whether the script said so, whole line; not when mute. */
bool far_is_told(const struct far *f, const char *name, const char *value);

/* PATH/NAME, in the arena. */
const char *far_path(const struct far *f, const char *directory, const char *name);
const char *far_version_path(const struct far *f, const char *version);
bool far_any_spot_is(const struct far *f, enum spot_state state);
/* Whether `version` is on and every path is our link. */
bool far_is_at(const struct far *f, const char *version);
/* Path of the link that is switched. */
const char *far_switch_path(const struct far *f);
/* A version with its files; NULL: they were not read. */
const struct far_version *far_read_version(const struct far *f, const char *version);
/* Whether what a version holds can be believed. */
MUST_CHECK bool far_judge_version(const struct far *f, const char *version, struct fs_attr attr,
				  struct err *e);

#endif
