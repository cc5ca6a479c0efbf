/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files for people that a run writes: exports and hand-offs.  The state knows what is
 * about to be written before it is, so that a crash in between leaves no file that the
 * next run would take for somebody else's.
 *
 *	written_begin    recorded as about to be written
 *	...              the file is written with the struct owned_file
 *	written_end      recorded as written
 */
#ifndef ENGINE_WRITTEN_H
#define ENGINE_WRITTEN_H

#include "base/err.h"
#include "base/secret.h"
#include "install/owned_file.h"
#include "model/fleet.h"
#include "model/snapshot.h"

#include <stdbool.h>

struct engine;
struct run;

struct written_order {
	const char *path;
	const char *fingerprint;
	enum handoff_format form;
	bool handoff; /* else an export, whose former file is kept */
};

/* The file with all content of it that may be certfleet's, in `a`; `f` NULL: none. */
struct owned_file written_owned(const struct written_file *f, struct arena *a);
/* Whether the file is there already, as the order wants it. */
bool written_is_there(struct run *r, const struct written_order *o);
/* `out`: to write with, in the run's arena. */
MUST_CHECK bool written_begin(struct run *r, const struct written_order *o,
			      const struct secret *bytes, struct owned_file *out, struct err *e);
MUST_CHECK bool written_end(struct run *r, const char *path, struct err *e);

/* Looks at all files for people of the fleet: `written` of the snapshot. */
MUST_CHECK bool observe_written(struct engine *en, struct snapshot *s, struct err *e);
/* What is installed, staged and in the way of components that a person serves. */
void observe_handoffs(const struct engine *en, struct snapshot *s);

#endif
