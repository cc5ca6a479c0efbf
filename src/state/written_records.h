/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records of the files for people that certfleet writes: exports and hand-offs.  A file
 * is replaced or removed only while its content is recorded here, so a record is
 * written before its file.  Paths are relative to the directory of the fleet file when
 * they lie below it.
 */
#ifndef STATE_WRITTEN_RECORDS_H
#define STATE_WRITTEN_RECORDS_H

#include "model/snapshot.h"
#include "state/state.h"

#include <stdbool.h>
#include <stddef.h>

/* What is remembered, by path; nothing in them is seen. */
MUST_CHECK bool state_written(struct state *s, struct arena *a, const struct written_file **out,
			      size_t *count, struct err *e);
void change_written(struct change *c, const struct written_file *f);
void change_forget_written(struct change *c, const char *path);

#endif
