/* SPDX-License-Identifier: Apache-2.0 */
#include "ssh_target_fixture.h"

struct far_side side;

static struct ssh_op *side_fails(struct ssh_op *op, const char *why)
{
	op->result = errno == ENOENT ? SSH_ABSENT : SSH_FAILED;
	op->why = why;
	return op;
}

static struct fs_attr attr_of(const struct stat *st)
{
	return (struct fs_attr){ .mode = st->st_mode, .owner = st->st_uid, .group = st->st_gid };
}

static void side_look(struct ssh_op *op)
{
	struct stat st;

	if (op->follows ? stat(op->path, &st) : lstat(op->path, &st)) {
		side_fails(op, "cannot look");
		return;
	}
	op->found = attr_of(&st);
	op->result = SSH_DONE;
}

static void side_link(struct ssh_op *op)
{
	char text[4096];
	ssize_t len = readlink(op->path, text, sizeof(text));

	if (len < 0) {
		side_fails(op, "no link");
		return;
	}
	op->text = arena_strndup(&test_arena, text, (size_t)len);
	op->result = SSH_DONE;
}

static void side_list(struct ssh_op *op)
{
	DIR *dir = opendir(op->path);
	struct ssh_entry *all = arena_array(&test_arena, 256, sizeof(*all));

	if (!dir) {
		side_fails(op, "cannot list");
		return;
	}
	for (struct dirent *d = readdir(dir); d; d = readdir(dir)) {
		struct stat st;

		if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))
			continue;
		assert_int_equal(fstatat(dirfd(dir), d->d_name, &st, AT_SYMLINK_NOFOLLOW), 0);
		all[op->entry_count++] =
			(struct ssh_entry){ arena_strdup(&test_arena, d->d_name), attr_of(&st) };
	}
	closedir(dir);
	op->entries = all;
	op->result = SSH_DONE;
}

static void side_read(struct ssh_op *op)
{
	struct err e = { 0 };

	side_look(op);
	if (op->result != SSH_DONE)
		return;
	if (!S_ISREG(op->found.mode) || !fs_read_secret(op->path, SSH_FILE_LIMIT, &op->got, &e)) {
		op->result = SSH_FAILED;
		op->why = "cannot read";
	}
}

static void side_write(struct ssh_op *op)
{
	AUTO(fd)
	fd = open(op->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0 || fchown(fd, op->attr.owner, op->attr.group) || fchmod(fd, op->attr.mode) ||
	    write(fd, op->bytes, op->len) != (ssize_t)op->len) {
		errno = 0;
		side_fails(op, "cannot write");
		return;
	}
	op->result = SSH_DONE;
}

/* The script, with a count of the programs that change something. */
static const char *watched(const struct ssh_op *op, const char *count)
{
	static const char mark[] = "set -eu\n";
	const char *script = op->bytes;
	const char *at = strstr(script, mark);

	assert_non_null(at);
	at += strlen(mark);
	return arena_printf(
		&test_arena,
		"%.*sticks=0\n"
		"tick() { ticks=$((ticks+1)); echo $ticks >%s; [ $ticks -ne %u ] || kill -9 $$; }\n"
		"mv() { tick; command mv \"$@\"; }\n"
		"ln() { tick; command ln \"$@\"; }\n"
		"rm() { tick; command rm \"$@\"; }\n"
		"cp() { tick; command cp \"$@\"; }\n"
		"mkdir() { tick; command mkdir \"$@\"; }\n"
		"sync() { tick; }\n%s",
		(int)(at - script), script, count, side.cut_program, at);
}

const char *run_shell(const char *script)
{
	const char *file = at_root(".script");
	const char *shell = side.shell ? side.shell : "/bin/sh";
	AUTO(buf) out = { 0 };
	char piece[4096];
	FILE *f = NULL;

	write_file(file, script, strlen(script), 0600);
	f = popen(arena_printf(&test_arena, "cd / && %s <'%s' 2>&1", shell, file), "re");
	assert_non_null(f);
	for (size_t n = 1; n;) {
		n = fread(piece, 1, sizeof(piece), f);
		buf_add(&out, piece, n);
	}
	pclose(f);
	unlink(file);
	return arena_strdup(&test_arena, buf_text(&out));
}

void side_run(struct ssh_op *op)
{
	const char *count = at_root(".count");
	const char *text = NULL;
	const char *end = NULL;

	op->status = -1;
	op->why = "";
	op->result = SSH_FAILED;
	if (side.is_mute)
		return;
	write_text(count, "0");
	text = run_shell(watched(op, count));
	for (const char *at = text; (at = strstr(at, op->end)); at++)
		end = at;
	side.programs = 0;

	FILE *f = fopen(count, "re");

	assert_int_equal(fscanf(f, "%u", &side.programs), 1);
	fclose(f);
	unlink(count);
	op->text = arena_strndup(&test_arena, text, end ? (size_t)(end - text) : strlen(text));
	if (end)
		op->status = atoi(end + strlen(op->end));
	op->why = op->text;
	side.broken |= !end;
	if (op->status == 0)
		op->result = SSH_DONE;
}

static bool is_refused(const struct ssh_op *op)
{
	side.ops++;
	side.scripts += op->kind == SSH_RUN;
	return side.broken || side.ops == side.refuse_op ||
	       (op->kind == SSH_RUN && side.scripts == side.refuse_script);
}

static void side_do(struct ssh_op *op)
{
	static void (*const deeds[SSH_KIND_COUNT])(struct ssh_op *) = {
		[SSH_LOOK] = side_look, [SSH_LINK] = side_link,   [SSH_LIST] = side_list,
		[SSH_READ] = side_read, [SSH_WRITE] = side_write, [SSH_RUN] = side_run,
	};

	if (side.before)
		side.before(op);
	if (is_refused(op)) {
		op->result = SSH_FAILED;
		op->status = -1;
		op->why = "refused";
		return;
	}
	deeds[op->kind](op);
}

void side_answer(struct ssh_ask *ask)
{
	for (size_t i = 0; i < ask->count; i++) {
		struct ssh_op *op = &ask->ops[i];

		side_do(op);
		if (op->needed && op->result != SSH_DONE)
			return;
	}
}
