/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hand-offs of a run: the files that a person imports, made before they are staged or
 * put back, and wiped once every component they are for has the pair.
 */
#ifndef ENGINE_HANDOFF_FILE_H
#define ENGINE_HANDOFF_FILE_H

#include "base/err.h"
#include "base/secret.h"

#include <stddef.h>

struct job;
struct run;

/* Content of the files of a batch, one for each path. */
struct handoff_files {
	struct handoff_content *list;
	size_t count;
};

void handoff_files_init(struct handoff_files *h, size_t most);
void handoff_files_release(struct handoff_files *h);
AUTO_STRUCT(handoff_files, struct handoff_files, handoff_files_release)

/* Sets file and content of a hand-off's stage or revert, which has its pair; other jobs stay. */
MUST_CHECK bool handoff_fill(struct handoff_files *h, struct run *r, struct job *j, struct err *e);
/* After the job: the file that it has written is recorded. */
MUST_CHECK bool handoff_written(struct run *r, const struct job *j, struct err *e);
/* At the end of a run; a failure is told. */
void handoff_wipe(struct run *r);

#endif
