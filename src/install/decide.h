/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The changes of a verb, decided from what stands there: the same for this
 * machine and for another.  Pure: a view in, a list of operations out.
 *
 * A decision is a version to write aside, under the name STORE_NEW, and then
 * operations in this order.  Who carries it out locks the first store, writes the
 * version into each store, reads it back, and stops at the first operation that
 * fails.
 * Interrupted at any point, every list leaves the old or the new pair whole at
 * the paths, and a repeat finishes the work.
 */
#ifndef INSTALL_DECIDE_H
#define INSTALL_DECIDE_H

#include "base/auto.h"
#include "base/err.h"
#include "base/secret.h"
#include "base/vec.h"
#include "install/pair_files.h"
#include "install/view.h"
#include "model/certs.h"

#include <stdbool.h>

/* What is asked for. */
struct install_order {
	enum install_verb verb;
	const char *fingerprint;    /* not: probe, read, remove; revert: "" to nothing */
	const char *replaces;       /* commit: what has to be installed; NULL: any */
	const struct cert_set *set; /* stage */
	const struct secret *key;   /* stage: PKCS#8 DER */
};

enum install_op_kind {
	INSTALL_OP_EXPECT,   /* a link has this text ("": it is no link); else ERR_STALE */
	INSTALL_OP_LINK,     /* a link to `text`, in place of a file or link, by one rename */
	INSTALL_OP_COPY,     /* a file at a path becomes a copy of `text`, a file of version `kept`,
				by one rename */
	INSTALL_OP_NAME,     /* renamed to `text` beside it, which must not exist; else ERR_STALE */
	INSTALL_OP_CARRY,    /* `text`, an entry of the directory `name`, becomes one of version
				`kept` as well: a file by a second name, a directory by a copy of
				such, a link by one to the same place */
	INSTALL_OP_EXCHANGE, /* a directory at a path becomes `kept` in the store, and a link to
				`text` stands in its place */
	INSTALL_OP_UNLINK,   /* a link is removed, nothing else */
	INSTALL_OP_CLEAN,    /* what INSTALL_OP_LINK leaves when it is interrupted, is removed */
	INSTALL_OP_REMOVE,   /* a file or directory is removed, with all it holds */
	INSTALL_OP_SYNC,     /* a directory is made durable */
	INSTALL_OP_COUNT
};

/*
 * Where an operation is done: INSTALL_IN_STORE plus the number of a store, or
 * INSTALL_IN_HOME plus that of a slot, in whose parent directory it is.
 */
enum {
	INSTALL_IN_STORE = 0,
	INSTALL_IN_HOME = STORE_COUNT
};

struct install_op {
	enum install_op_kind kind;
	size_t in;        /* as above */
	const char *name; /* sync: NULL the directory itself */
	const char *text;
	const char *kept;
};

struct install_decision {
	struct pair_files written;  /* the version to write */
	const char *writes;         /* its name; NULL: there is none to write */
	VEC(struct install_op) ops; /* in the view's arena */
};

void install_decision_release(struct install_decision *d);
AUTO_STRUCT(install_decision, struct install_decision, install_decision_release)

/* Of the verbs that change something; false: not possible.  `out` must be empty. */
MUST_CHECK bool install_decide(const struct install_view *v, const struct install_order *o,
			       struct install_decision *out, struct err *e);

#endif
