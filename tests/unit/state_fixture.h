/* SPDX-License-Identifier: Apache-2.0 */
/* A directory of its own for each test of the state. */
#ifndef STATE_FIXTURE_H
#define STATE_FIXTURE_H

#include "base/buf.h"
#include "base/fs.h"
#include "state/backend.h"
#include "state/state.h"
#include "test.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PASSPHRASE "correct horse battery staple"

struct place {
	char home[256];
	char dir[300]; /* of the state; not made yet */
};

int make_place(void **state);
int each_file(const char *dir, void (*fn)(void *ctx, const char *path), void *ctx);
void remove_file(void *ctx, const char *path);
int remove_place(void **state);
const char *file_in(const struct place *p, const char *name);

struct search {
	const char *text;
	bool found;
};

bool is_in_files(const struct place *p, const char *text);
void picture(const struct place *p, struct buf *out);
void assert_same_picture(const struct buf *a, const struct buf *b);
struct backend *must_open(const struct place *p, bool create);
void must_write(struct backend *b, const char *key, const char *value, bool forget);
struct state *must_open_state(const struct place *p, bool create);
void must_unseal(struct state *s);

#define KEY_TEXT "-- the bytes of a private key --"

void must_commit(struct state *s, struct change *c);

/* What the record is now, past all checks. */
void set_record(const struct place *p, const char *key, const char *value);

const char *get_record(const struct place *p, const char *key, struct arena *a);
void must_keep_key(struct state *s, const char *spki);

/* What a forked child does; its exit is at once, as if it were killed. */
void in_child(void (*fn)(const struct place *p), const struct place *p);

void assert_value(struct backend *b, const char *key, const char *value);
void make_with(const struct place *p, const char *key, const char *value);
void leave_a_log(const struct place *p);

#endif
