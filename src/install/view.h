/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands at the paths of an install and in its store.
 *
 * A view is plain data.  It is filled on this machine (install/here.h) or over
 * SSH (drivers/ssh_target.h), by the functions below, which hold the rules that
 * are the same for both; install/decide.h decides from it.  An obstacle does not
 * end the look: it is noted, and stands against those verbs that it concerns.
 *
 * view_make() begins it, view_release() wipes the files; strings are in its
 * arena, which must outlive it.
 */
#ifndef INSTALL_VIEW_H
#define INSTALL_VIEW_H

#include "base/arena.h"
#include "base/err.h"
#include "base/secret.h"
#include "base/vec.h"
#include "install/attr.h"
#include "install/layout.h"
#include "install/names.h"
#include "install/pair_files.h"
#include "model/certs.h"
#include "model/observation.h"

#include <stdbool.h>
#include <stddef.h>

enum install_verb {
	INSTALL_PROBE,
	INSTALL_READ,
	INSTALL_STAGE,
	INSTALL_COMMIT,
	INSTALL_ABORT,
	INSTALL_REVERT,
	INSTALL_REMOVE,
	INSTALL_VERB_COUNT
};

/* An entry of the directory at the path, which is not ours, and is carried into each version. */
struct view_other {
	const char *name;
	enum entry_kind kind;
};

/* A store of the layout, as it stands there. */
struct view_store {
	bool is_there;
	struct versions versions;
	VEC(const char *) leftovers; /* names, of interrupted changes */
};

struct install_view {
	const struct install *install;
	struct arena *arena;
	struct layout layout;

	struct attr_account account;
	enum path_slot_state states[FILE_KIND_COUNT]; /* by slot */
	struct view_store stores[STORE_COUNT];
	const char *switch_text;       /* of the link that is switched; "": none */
	const char *current;           /* version that is on; NULL: none */
	const char *staged;            /* version that is next; NULL: none */
	const char *set;               /* text of STORE_ATTR; NULL: none */
	const char *former;            /* version that former links lead to; NULL: none */
	const char *activation;        /* text of STORE_ACTIVATION; NULL: none */
	const char *linked;            /* a path of a plain file where our link is; NULL: none */
	struct pair_files seen;        /* what a process sees through the paths */
	VEC(struct view_other) others; /* beside those, with one directory */

	/* obstacles; without an error code there is none */
	struct err unsafe;  /* to any change */
	struct err unowned; /* to a new version: who is to own it */
	struct err unknown; /* to telling what is installed */
	struct err fixed;   /* to replacing what stands at the paths */
};

MUST_CHECK bool view_make(const struct install *i, struct arena *a, struct install_view *out,
			  struct err *e);
void view_release(struct install_view *v);
AUTO_STRUCT(install_view, struct install_view, view_release)

/* Notes an obstacle, unless there is one already. */
void view_note(struct err *obstacle, const struct err *e);

/* ---- what was found, in this order; the account comes first ---- */

void view_take_store(struct install_view *v, size_t store, struct fs_attr attr);
void view_take_store_entry(struct install_view *v, size_t store, const char *name,
			   struct fs_attr attr);
/* The texts of these links; NULL: no link. */
struct view_links {
	const char *staged;
	const char *set;
	const char *switched; /* view_switch_name() */
	const char *former;   /* STORE_CURRENT in the last store */
	/*
	 * STORE_ACTIVATION, of a process that is activated beside the store:
	 * "runs FINGERPRINT UNTIL" or "ended FINGERPRINT STATUS RUN OUTPUT".
	 */
	const char *activation;
};
void view_take_links(struct install_view *v, const struct view_links *links);
/* The entry at a path, and the directory that it is in. */
struct view_entry {
	enum entry_kind kind;
	bool is_mount;
	const char *text; /* of a link */
	struct fs_attr attr;
	struct fs_attr home;
};
void view_take_slot(struct install_view *v, size_t slot, const struct view_entry *entry);
/* After the slots. */
void view_take_slots_end(struct install_view *v);
/* An entry of the directory at the path, or of the version that is on. */
void view_take_directory_entry(struct install_view *v, const char *name, enum entry_kind kind);
/* After the contents of files, those of versions as well. */
void view_take_contents_end(struct install_view *v);

/* Whether a verb changes something there. */
bool install_changes(enum install_verb verb);
/* Whether a verb has to know the files of a version. */
bool view_needs_version(const struct install_view *v, enum install_verb verb,
			const char *fingerprint, const struct version *version);
/* Whether a verb has to know what is installed. */
bool view_needs_installed(const struct install_view *v, enum install_verb verb);

/* ---- questions ---- */

/* The path of a version, or of another name in a store. */
const char *view_store_path(const struct install_view *v, size_t store, const char *name);
/* The name of the link that is switched, in the store or at the only path. */
const char *view_switch_name(const struct install_view *v);
const char *view_first_path(const struct install_view *v);
bool view_any_slot_is(const struct install_view *v, enum path_slot_state state);
/* Whether a path shows what is no version yet, and has to be kept as one. */
bool view_has_found(const struct install_view *v);
/* Whether a version is on, and every path leads to it. */
bool view_is_ours(const struct install_view *v);
/* Whether `version` is on and every path is our link. */
bool view_is_at(const struct install_view *v, const char *version);
/* Whether the files of a version may be used. */
MUST_CHECK bool view_trusts_version(const struct install_view *v, const struct version *version,
				    struct err *e);
/* Owners and modes for a new version; the error says which existing file forbids it. */
MUST_CHECK bool view_attrs(const struct install_view *v, struct attrs *out, struct err *e);

/* As far as the installed pair is concerned; strings in the arena `a`. */
void view_observe(const struct install_view *v, struct arena *a, struct observation *out);
/*
 * The installed pair with its key; ERR_MISSING: none.  Certificates in the arena
 * `a`; `key` must be empty.
 */
MUST_CHECK bool view_read_pair(const struct install_view *v, struct arena *a, struct cert_set *set,
			       struct secret *key, struct err *e);

#endif
