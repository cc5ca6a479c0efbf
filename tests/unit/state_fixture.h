/* SPDX-License-Identifier: Apache-2.0 */
/* A directory of its own for each test of the state. */
#ifndef STATE_FIXTURE_H
#define STATE_FIXTURE_H

#include <stddef.h>
#include <stdint.h>

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

static inline int make_place(void **state)
{
	const char *tmp = getenv("TMPDIR");
	struct place *p = calloc(1, sizeof(*p));

	snprintf(p->home, sizeof(p->home), "%.200s/state-test-XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(p->home))
		return -1;
	snprintf(p->dir, sizeof(p->dir), "%s/the state?#%%", p->home);
	*state = p;
	return 0;
}

static inline int each_file(const char *dir, void (*fn)(void *ctx, const char *path), void *ctx)
{
	struct dirent **names = NULL;
	int count = scandir(dir, &names, NULL, alphasort);

	for (int i = 0; i < count; i++) {
		char path[600];

		snprintf(path, sizeof(path), "%s/%s", dir, names[i]->d_name);
		if (strcmp(names[i]->d_name, ".") && strcmp(names[i]->d_name, ".."))
			fn(ctx, path);
		free(names[i]);
	}
	free(names);
	return count;
}

static inline void remove_file(void *ctx, const char *path)
{
	(void)ctx;
	unlink(path);
}

static inline int remove_place(void **state)
{
	struct place *p = *state;

	chmod(p->dir, 0700);
	each_file(p->dir, remove_file, NULL);
	rmdir(p->dir);
	each_file(p->home, remove_file, NULL);
	rmdir(p->home);
	free(p);
	return 0;
}

static inline const char *file_in(const struct place *p, const char *name)
{
	static char path[400];

	snprintf(path, sizeof(path), "%s/%s", p->dir, name);
	return path;
}

struct search {
	const char *text;
	bool found;
};

static inline void look_for(void *ctx, const char *path)
{
	struct search *s = ctx;
	AUTO(buf) bytes = { 0 };
	struct err e = { 0 };

	assert_true(fs_read(path, 64 << 20, &bytes, &e));
	if (memmem(buf_text(&bytes), bytes.len, s->text, strlen(s->text)))
		s->found = true;
}

static inline bool is_in_files(const struct place *p, const char *text)
{
	struct search s = { .text = text };

	each_file(p->dir, look_for, &s);
	return s.found;
}

/* Name, mode, size and every byte of what is in the directory. */
static inline void add_picture(void *ctx, const char *path)
{
	struct stat st;
	struct err e = { 0 };

	if (lstat(path, &st) != 0)
		return;
	buf_printf(ctx, "%s %o %lld %ld.%ld\n", path, st.st_mode, (long long)st.st_size,
		   st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	assert_true(fs_read(path, 64 << 20, ctx, &e));
}

static inline void picture(const struct place *p, struct buf *out)
{
	each_file(p->dir, add_picture, out);
}

static inline void assert_same_picture(const struct buf *a, const struct buf *b)
{
	assert_int_equal(a->len, b->len);
	assert_memory_equal(a->data, b->data, a->len);
}

static inline struct backend *must_open(const struct place *p, bool create)
{
	struct backend *b = NULL;
	struct err e = { 0 };

	if (!sqlite_backend_open(p->dir, create, &b, &e))
		fail_msg("%s", e.text);
	return b;
}

static inline void must_write(struct backend *b, const char *key, const char *value, bool forget)
{
	const struct record_write w = { key, value };
	const struct transaction t = { .writes = &w, .write_count = 1, .forget = forget };
	int64_t revision = 0;
	struct err e = { 0 };

	if (!b->ops->transact(b, &t, &revision, &e))
		fail_msg("%s", e.text);
}

static inline struct state *must_open_state(const struct place *p, bool create)
{
	const struct state_options o = {
		.path = p->dir, .fleet = "shop", .create = create, .holder = "the test"
	};
	struct state *s = NULL;
	struct err e = { 0 };

	if (!state_open(&o, &s, &e))
		fail_msg("%s", e.text);
	return s;
}

static inline void must_unseal(struct state *s)
{
	AUTO(secret) passphrase = { 0 };
	struct err e = { 0 };

	secret_copy(&passphrase, PASSPHRASE, strlen(PASSPHRASE));
	if (!state_unseal(s, &passphrase, &e))
		fail_msg("%s", e.text);
}

#define KEY_TEXT "-- the bytes of a private key --"

static inline void must_commit(struct state *s, struct change *c)
{
	struct err e = { 0 };

	if (!state_commit(s, c, &e))
		fail_msg("%s", e.text);
}

/* What the record is now, past all checks. */
static inline void set_record(const struct place *p, const char *key, const char *value)
{
	struct backend *b = must_open(p, true);

	must_write(b, key, value, false);
	b->ops->close(b);
}

static inline const char *get_record(const struct place *p, const char *key, struct arena *a)
{
	struct backend *b = must_open(p, false);
	struct stored_record r = { 0 };
	struct err e = { 0 };

	if (!b->ops->get(b, key, a, &r, &e))
		fail_msg("%s", e.text);
	b->ops->close(b);
	return r.value;
}

static inline void must_keep_key(struct state *s, const char *spki)
{
	AUTO(change) c = change_new(s);
	AUTO(secret) key = { 0 };
	struct err e = { 0 };

	secret_copy(&key, KEY_TEXT, strlen(KEY_TEXT));
	if (!change_key(c, spki, &key, &e))
		fail_msg("%s", e.text);
	must_commit(s, c);
}

/* What a forked child does; its exit is at once, as if it were killed. */
static inline void in_child(void (*fn)(const struct place *p), const struct place *p)
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0) {
		fn(p);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static inline void assert_value(struct backend *b, const char *key, const char *value)
{
	AUTO(arena) a = { 0 };
	struct stored_record r = { 0 };
	struct err e = { 0 };

	if (!value) {
		assert_false(b->ops->get(b, key, &a, &r, &e));
		assert_int_equal(e.code, ERR_MISSING);
		return;
	}
	if (!b->ops->get(b, key, &a, &r, &e))
		fail_msg("%s", e.text);
	assert_string_equal(r.value, value);
}

static inline void make_with(const struct place *p, const char *key, const char *value)
{
	struct backend *b = must_open(p, true);

	must_write(b, key, value, false);
	b->ops->close(b);
}

static inline void leave_a_log(const struct place *p)
{
	must_write(must_open(p, true), "a", "{\"b\":1}", false);
}

#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, make_place, remove_place)

#endif
