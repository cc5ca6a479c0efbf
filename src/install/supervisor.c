/* SPDX-License-Identifier: Apache-2.0 */
#include "install/supervisor.h"

#include "base/alloc.h"
#include "base/child.h"
#include "base/clock.h"
#include "base/fiber.h"
#include "base/fs.h"
#include "base/parallel.h"
#include "base/redact.h"
#include "base/stop.h"
#include "base/text.h"
#include "base/vec.h"
#include "json/record.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	RECORD_ROOM = 16 * 1024,
	RECORD_LIMIT = 100 * 1000,
	LOCK_FD = 3,
	SHOW_JOB_MS = 5000, /* of systemctl */
	JOB_POLL_MS = 500,
	SUPERVISOR_POLL_MS = 100, /* longest delay until a stop is noticed */
	SUPERVISOR_GRACE_S = 10,  /* to kill the command and to write the outcome down */
};

#define RECORD_SUFFIX ".json"
#define SUPERVISOR_NAME "certfleet-supervisor"

/* ---- records ---- */

static const char *const activation_end_names[ACTIVATION_END_COUNT + 1] = {
	[ACTIVATION_RUNS] = "runs",
	[ACTIVATION_DONE] = "done",
	[ACTIVATION_FAILED] = "failed",
};

static const struct member activation_record_members[] = {
	TEXT_MEMBER("process", struct activation_record, order.process),
	TEXT_MEMBER("component", struct activation_record, order.component),
	TEXT_MEMBER("fingerprint", struct activation_record, order.fingerprint),
	WORDS_MEMBER("argv", struct activation_record, order.argv, .least = 1),
	WORDS_MEMBER("env", struct activation_record, order.env),
	TEXT_MEMBER("place", struct activation_record, order.place, .absent = ABSENT_OMITTED),
	TEXT_MEMBER("unit", struct activation_record, order.unit, .absent = ABSENT_OMITTED),
	NUMBER_MEMBER("timeout_ms", struct activation_record, order.timeout_ms, 1, INT64_MAX),
	FLAG_MEMBER("sees_key", struct activation_record, order.sees_key),
	FLAG_MEMBER("leaves_nothing", struct activation_record, order.leaves_nothing),
	NUMBER_MEMBER("until", struct activation_record, until, 0, INT64_MAX),
	CHOICE_MEMBER("end", struct activation_record, end, activation_end_names),
	NUMBER_MEMBER("code", struct activation_record, code, 0, ERR_COUNT - 1),
	TEXT_MEMBER("error", struct activation_record, error, .absent = ABSENT_OMITTED),
	{ 0 },
};

/*
 * FNV-1a of a process's name: names its record, which a name itself may be too long
 * for, and its byte of the lock file.
 */
static int64_t process_hash(const char *process)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (; *process; process++)
		hash = (hash ^ (unsigned char)*process) * UINT64_C(0x100000001b3);
	return (int64_t)(hash >> 2);
}

static const char *activation_record_path(const char *directory, const char *process,
					  struct arena *a)
{
	return arena_printf(a, "%s/%016" PRIx64 RECORD_SUFFIX, directory, process_hash(process));
}

static bool activation_record_load(const char *path, struct arena *a, struct activation_record *out)
{
	AUTO(buf) text = { 0 };
	struct activation_record r = { 0 };
	struct err ignored = { 0 };

	if (!fs_read(path, RECORD_ROOM, &text, &ignored))
		return false;

	AUTO(json) json = json_parse(text.data, text.len);

	if (!json_decode_strictly(activation_record_members, json, a, &r, &ignored))
		return false;
	*out = r;
	return true;
}

bool activation_record_read(const char *directory, const char *process, struct arena *a,
			    struct activation_record *out)
{
	return activation_record_load(activation_record_path(directory, process, a), a, out) &&
	       !strcmp(out->order.process, process);
}

static bool activation_record_write(const char *directory, const struct activation_record *r,
				    struct err *e)
{
	AUTO(arena) a = { 0 };
	AUTO(json) json = json_encode(activation_record_members, r);
	AUTO(str) text = json_dumps(json, JSON_SORT_KEYS);

	return fs_replace(activation_record_path(directory, r->order.process, &a), text,
			  strlen(text), FS_PRIVATE, e);
}

void activation_record_remove(const char *directory, const char *process)
{
	AUTO(arena) a = { 0 };

	unlink(activation_record_path(directory, process, &a));
}

AUTO_TYPE(record_dir, DIR *, closedir)

bool activation_records(const char *directory, struct arena *a,
			const struct activation_record **list, size_t *count, struct err *e)
{
	AUTO(record_dir) dir = opendir(directory);
	VEC(struct activation_record) found = { 0 };

	if (!dir && errno != ENOENT)
		return err_sys(e, "cannot read '%s'", directory);
	for (const struct dirent *d = dir ? readdir(dir) : NULL; d && found.count < RECORD_LIMIT;
	     d = readdir(dir)) {
		const char *end = strrchr(d->d_name, '.');
		struct activation_record r;

		if (*d->d_name != '.' && end && !strcmp(end, RECORD_SUFFIX) &&
		    activation_record_load(arena_printf(a, "%s/%s", directory, d->d_name), a, &r))
			VEC_PUSH(&found, a, r);
	}
	*list = found.items;
	*count = found.count;
	return true;
}

/* ---- lock ---- */

static bool lock_open(const char *directory, int *out, struct err *e)
{
	AUTO(arena) a = { 0 };
	const char *path = arena_printf(&a, "%s/lock", directory);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return err_sys(e, "cannot open the lock '%s'", path);
	*out = fd;
	return true;
}

/* The lock belongs to the open file: a forked process shares it. */
static bool lock_try(int fd, const char *process, int command)
{
	struct flock range = { .l_type = F_WRLCK,
			       .l_whence = SEEK_SET,
			       .l_start = process_hash(process),
			       .l_len = 1 };

	return !fcntl(fd, command, &range) && (command == F_OFD_SETLK || range.l_type == F_UNLCK);
}

bool activation_runs(const char *directory, const char *process)
{
	AUTO(fd) fd = -1;
	struct err ignored = { 0 };

	return !access(directory, F_OK) && lock_open(directory, &fd, &ignored) &&
	       !lock_try(fd, process, F_OFD_GETLK);
}

static bool lock_wait(int fd, const char *process, int64_t until, struct err *e)
{
	int64_t wait_s = until + SUPERVISOR_GRACE_S - clock_now();
	int64_t end_ms = clock_mono_ms() + (wait_s > 0 ? wait_s * 1000 : 0);
	AUTO(arena) a = { 0 };

	while (!lock_try(fd, process, F_OFD_SETLK)) {
		if (stop_requested())
			return err_set(e, ERR_STOPPED,
				       "stopped while an earlier activation of '%s' was waited for",
				       text_escaped(&a, process));
		if (clock_mono_ms() >= end_ms)
			return err_set(e, ERR_BUSY,
				       "an earlier activation of '%s' has not ended in its time",
				       text_escaped(&a, process));
		clock_sleep_ms(SUPERVISOR_POLL_MS);
	}
	return true;
}

bool activation_wait(const char *directory, const struct activation_record *r, struct err *e)
{
	AUTO(fd) fd = -1;

	return lock_open(directory, &fd, e) && lock_wait(fd, r->order.process, r->until, e);
}

/* ---- the supervisor ---- */

static bool unit_has_job(const char *unit)
{
	const char *const argv[] = { "systemctl", "show", "--property=Job", "--", unit, NULL };
	const struct child c = { .argv = argv, .timeout_ms = SHOW_JOB_MS };
	AUTO(buf) text = { 0 };
	struct err ignored = { 0 };

	return child_run(&c, &text, &ignored) && !strncmp(buf_text(&text), "Job=", 4) &&
	       atoi(buf_text(&text) + 4) > 0;
}

/* A systemctl that was killed has left its job with systemd. */
static bool unit_wait(const char *unit, int64_t end_ms, struct err *e)
{
	AUTO(arena) a = { 0 };

	while (unit && unit_has_job(unit)) {
		if (clock_mono_ms() >= end_ms || stop_requested())
			return err_set(e, ERR_REMOTE,
				       "unit '%s' still has a job; 'systemctl list-jobs' shows it",
				       text_escaped(&a, unit));
		clock_sleep_ms(JOB_POLL_MS);
	}
	return true;
}

static bool supervisor_run(const struct supervised *s, struct arena *a, struct err *e)
{
	int64_t end_ms = clock_mono_ms() + s->timeout_ms;
	AUTO(buf) complaint = { 0 };
	struct child c = { .argv = s->argv,
			   .extra_env = s->env,
			   .directory = s->place,
			   .sees_key = s->sees_key,
			   .complaint = s->sees_key ? &complaint : NULL };
	const char *cause = NULL;
	bool done = false;

	if ((s->leaves_nothing && !orphan_watch(e)) || !unit_wait(s->unit, end_ms, e))
		return false;
	c.timeout_ms = end_ms - clock_mono_ms();
	c.timeout_ms = c.timeout_ms > 0 ? c.timeout_ms : 1;
	done = child_run(&c, NULL, e);
	cause = redact_last_line(complaint.data, complaint.len, a);
	wipe(complaint.data, complaint.len);
	if (!done && e->code == ERR_REMOTE && *cause)
		err_set(e, e->code, "%s: %s", arena_strdup(a, e->text), cause);
	return done && (!s->leaves_nothing || orphan_check(a, e));
}

void supervisor_main(int argc, char **argv)
{
	AUTO(arena) a = { 0 };
	struct activation_record r = { 0 };
	struct err e = { 0 };
	struct err ignored = { 0 };
	bool done = false;

	if (argc != 3 || strcmp(argv[0], SUPERVISOR_NAME) != 0)
		return;
	if (!activation_record_read(argv[1], argv[2], &a, &r) ||
	    fcntl(LOCK_FD, F_SETFD, FD_CLOEXEC))
		_exit(1);
	stop_only_by(SIGUSR1);
	done = supervisor_run(&r.order, &a, &e);
	r.end = done ? ACTIVATION_DONE : ACTIVATION_FAILED;
	r.code = e.code;
	r.error = done ? NULL : e.text;
	_exit(!activation_record_write(argv[1], &r, &ignored));
}

/* Descriptors 0 to 2 lead nowhere, LOCK_FD is the lock, and there is no other. */
static bool supervisor_descriptors(int lock)
{
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	int high = fcntl(lock, F_DUPFD_CLOEXEC, LOCK_FD + 1);

	return null_fd >= 0 && high >= 0 && dup2(null_fd, 0) == 0 && dup2(null_fd, 1) == 1 &&
	       dup2(null_fd, 2) == 2 && dup2(high, LOCK_FD) == LOCK_FD &&
	       !close_range(LOCK_FD + 1, ~0U, 0);
}

/* Between fork and exec. */
__attribute__((noreturn)) static void supervisor_exec(char *const *argv, char *const *env, int lock)
{
	setsid();
	if (supervisor_descriptors(lock))
		execve("/proc/self/exe", argv, env);
	_exit(1);
}

static bool supervisor_start(const struct supervised *s, struct activation_record *r, int lock,
			     struct supervisor *out, struct err *e)
{
	AUTO(arena) a = { 0 };
	const char *home = getenv("HOME");
	char *argv[] = { (char *)SUPERVISOR_NAME, (char *)s->directory, (char *)s->process, NULL };
	char *env[] = { (char *)arena_printf(&a, "HOME=%s", home ? home : "/"), NULL };
	pid_t pid = 0;

	assert(!fiber_is_running() && !parallel_is_running());
	if (!activation_record_write(s->directory, r, e))
		return false;
	pid = fork();
	if (pid == 0)
		supervisor_exec(argv, env, lock);
	if (pid < 0) {
		err_sys(e, "cannot start a process");
		activation_record_remove(s->directory, s->process);
		return false;
	}
	out->pid = pid;
	out->pidfd = pidfd_open(pid, 0);
	return out->pidfd >= 0 || err_sys(e, "cannot watch process %d", (int)pid);
}

bool supervisor_begin(const struct supervised *s, struct supervisor *out, struct err *e)
{
	AUTO(arena) a = { 0 };
	AUTO(fd) lock = -1;
	struct activation_record before = { 0 };
	struct activation_record now = {
		.order = *s,
		.until = clock_now() + s->timeout_ms / 1000 + 1,
	};
	bool known = activation_record_read(s->directory, s->process, &a, &before);

	*out = (struct supervisor){
		.directory = s->directory, .process = s->process, .pidfd = -1, .until = now.until
	};
	if (!fs_make_dirs(s->directory, 0700, e) || !lock_open(s->directory, &lock, e) ||
	    !lock_wait(lock, s->process, known ? before.until : 0, e))
		return false;
	if (known && activation_record_read(s->directory, s->process, &a, &before) &&
	    before.end == ACTIVATION_DONE && !strcmp(before.order.component, s->component) &&
	    !strcmp(before.order.fingerprint, s->fingerprint))
		return true;
	return supervisor_start(s, &now, lock, out, e);
}

void supervisor_close(struct supervisor *s)
{
	fd_auto(&s->pidfd);
	s->pidfd = -1;
}

/* Waits until one of them may have ended; the number that run, and the latest end. */
static size_t supervisors_poll(struct supervisor *list, size_t count, int64_t *until)
{
	struct pollfd fds[SUPERVISED_LIMIT];
	size_t running = 0;

	*until = 0;
	for (size_t i = 0; i < count; i++) {
		fds[i] = (struct pollfd){ .fd = list[i].pidfd, .events = POLLIN };
		if (list[i].pidfd < 0)
			continue;
		running++;
		if (list[i].until > *until)
			*until = list[i].until;
	}
	if (!running || poll(fds, count, SUPERVISOR_POLL_MS) <= 0)
		return running;
	for (size_t i = 0; i < count; i++)
		if (fds[i].revents) {
			supervisor_close(&list[i]);
			waitpid(list[i].pid, NULL, 0);
		}
	return running;
}

void supervisors_wait(struct supervisor *list, size_t count, supervisor_stop_fn *stopping,
		      void *ctx)
{
	bool told = false;
	bool killed = false;
	int64_t until = 0;

	assert(count <= SUPERVISED_LIMIT);
	for (;;) {
		size_t running = supervisors_poll(list, count, &until);

		if (!running)
			return;
		if (stop_kills() && !killed) {
			killed = true;
			for (size_t i = 0; i < count; i++)
				if (list[i].pidfd >= 0)
					pidfd_send_signal(list[i].pidfd, SIGUSR1, NULL, 0);
		} else if ((stop_insisted() || (stop_requested() && !stopping)) && !killed) {
			return;
		} else if (stop_requested() && !told) {
			told = true;
			stopping(ctx, running, until);
		}
	}
}

bool supervisor_end(struct supervisor *s, struct err *e)
{
	AUTO(arena) a = { 0 };
	struct activation_record r = { 0 };
	char until[TIME_TEXT];
	const char *name = text_escaped(&a, s->process);

	if (s->pidfd >= 0) {
		supervisor_close(s);
		return err_set(
			e, ERR_STOPPED,
			"the activation of '%s' was not waited for: it goes on until %s at most, and the next apply goes on from its outcome",
			name, time_format(s->until, until));
	}
	if (!activation_record_read(s->directory, s->process, &a, &r) || r.end == ACTIVATION_RUNS)
		return err_set(
			e, ERR_REMOTE,
			"the supervisor of the activation of '%s' was killed; look whether the process is as it should be",
			name);
	return r.end == ACTIVATION_DONE || err_set(e, (enum err_code)r.code, "%s", r.error);
}
