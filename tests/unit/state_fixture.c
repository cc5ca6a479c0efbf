/* SPDX-License-Identifier: Apache-2.0 */
#include "state_fixture.h"

int make_place(void **state)
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

int each_file(const char *dir, void (*fn)(void *ctx, const char *path), void *ctx)
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

void remove_file(void *ctx, const char *path)
{
	(void)ctx;
	unlink(path);
}

int remove_place(void **state)
{
	struct place *p = *state;

	chmod(p->dir, 0700);
	folder_remove(p->home);
	free(p);
	return 0;
}

const char *file_in(const struct place *p, const char *name)
{
	static char path[400];

	snprintf(path, sizeof(path), "%s/%s", p->dir, name);
	return path;
}

static void look_for(void *ctx, const char *path)
{
	struct search *s = ctx;
	AUTO(buf) bytes = { 0 };
	struct err e = { 0 };

	assert_true(fs_read(path, 64 << 20, &bytes, &e));
	if (memmem(buf_text(&bytes), bytes.len, s->text, strlen(s->text)))
		s->found = true;
}

bool is_in_files(const struct place *p, const char *text)
{
	struct search s = { .text = text };

	each_file(p->dir, look_for, &s);
	return s.found;
}

/* Name, mode, size and every byte of what is in the directory. */
static void add_picture(void *ctx, const char *path)
{
	struct stat st;
	struct err e = { 0 };

	if (lstat(path, &st) != 0)
		return;
	buf_printf(ctx, "%s %o %lld %ld.%ld\n", path, st.st_mode, (long long)st.st_size,
		   st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	assert_true(fs_read(path, 64 << 20, ctx, &e));
}

void picture(const struct place *p, struct buf *out)
{
	each_file(p->dir, add_picture, out);
}

void assert_same_picture(const struct buf *a, const struct buf *b)
{
	assert_int_equal(a->len, b->len);
	assert_memory_equal(a->data, b->data, a->len);
}

struct backend *must_open(const struct place *p, bool create)
{
	struct backend *b = NULL;
	struct err e = { 0 };

	must(sqlite_backend_open(p->dir, create, &b, &e), &e);
	return b;
}

void must_write(struct backend *b, const char *key, const char *value, bool forget)
{
	const struct record_write w = { key, value };
	const struct transaction t = { .writes = &w, .write_count = 1, .forget = forget };
	int64_t revision = 0;
	struct err e = { 0 };

	must(b->ops->transact(b, &t, &revision, &e), &e);
}

struct state *must_open_state(const struct place *p, bool create)
{
	const struct state_options o = {
		.path = p->dir, .fleet = "shop", .create = create, .holder = "the test"
	};
	struct state *s = NULL;
	struct err e = { 0 };

	must(state_open(&o, &s, &e), &e);
	return s;
}

void must_unseal(struct state *s)
{
	AUTO(secret) passphrase = { 0 };
	struct err e = { 0 };

	secret_copy(&passphrase, PASSPHRASE, strlen(PASSPHRASE));
	must(state_unseal(s, &(struct seal_secret){ &passphrase }, &e), &e);
}

void must_commit(struct state *s, struct change *c)
{
	struct err e = { 0 };

	must(state_commit(s, c, &e), &e);
}

void set_record(const struct place *p, const char *key, const char *value)
{
	struct backend *b = must_open(p, true);

	must_write(b, key, value, false);
	b->ops->close(b);
}

const char *get_record(const struct place *p, const char *key, struct arena *a)
{
	struct backend *b = must_open(p, false);
	struct stored_record r = { 0 };
	struct err e = { 0 };

	must(b->ops->get(b, key, a, &r, &e), &e);
	b->ops->close(b);
	return r.value;
}

void must_keep_key(struct state *s, const char *spki)
{
	AUTO(change) c = change_new(s);
	AUTO(secret) key = { 0 };
	struct err e = { 0 };

	secret_copy(&key, KEY_TEXT, strlen(KEY_TEXT));
	must(change_key(c, spki, &key, &e), &e);
	must_commit(s, c);
}

void in_child(void (*fn)(const struct place *p), const struct place *p)
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

void assert_value(struct backend *b, const char *key, const char *value)
{
	AUTO(arena) a = { 0 };
	struct stored_record r = { 0 };
	struct err e = { 0 };

	if (!value) {
		assert_false(b->ops->get(b, key, &a, &r, &e));
		assert_int_equal(e.code, ERR_MISSING);
		return;
	}
	must(b->ops->get(b, key, &a, &r, &e), &e);
	assert_string_equal(r.value, value);
}

void make_with(const struct place *p, const char *key, const char *value)
{
	struct backend *b = must_open(p, true);

	must_write(b, key, value, false);
	b->ops->close(b);
}

void leave_a_log(const struct place *p)
{
	must_write(must_open(p, true), "a", "{\"b\":1}", false);
}
