/* SPDX-License-Identifier: Apache-2.0 */
#include "base/child.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/fiber.h"
#include "base/parallel.h"
#include "base/stop.h"
#include "base/text.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	FIRST_FREE_FD = 10, /* above the child's descriptors 0 to 3 */
	STATUS_FD = 3,
	POLL_MS = 100,       /* longest delay until a stop is noticed */
	KILL_WAIT_MS = 5000, /* until a killed process is gone */
	ENV_LIMIT = 16,
};

/* A running child and its output so far. */
struct child_run {
	const struct child *child;
	const char *name; /* argv[0] escaped, for messages */
	pid_t pid;
	int pidfd;
	int output; /* -1 after end of file; likewise: */
	int errors; /* stderr, with `complaint` */
	int status; /* pipe that carries errno when exec fails */
	struct buf *out;
	struct secret *secret; /* CHILD_OUTPUT_LIMIT bytes */
	size_t kept;
	bool overflow;
	char tail[CHILD_TAIL];
	size_t tail_len;
};

/* Everything the child needs, prepared before the fork. */
struct launch {
	const char *path;
	const char *env[ENV_LIMIT];
	char *home;
	int input_fd; /* -1: null_fd */
	int null_fd;
	int output_fd;
	int errors_fd; /* -1: as output_fd, or /dev/null */
	int status_fd;
};

static void launch_release(struct launch *l)
{
	free(l->home);
	fd_auto(&l->input_fd);
	fd_auto(&l->null_fd);
	fd_auto(&l->output_fd);
	fd_auto(&l->errors_fd);
	fd_auto(&l->status_fd);
}
AUTO_STRUCT(launch, struct launch, launch_release)

static void child_run_release(struct child_run *r)
{
	fd_auto(&r->pidfd);
	fd_auto(&r->output);
	fd_auto(&r->errors);
	fd_auto(&r->status);
	wipe(r->tail, sizeof(r->tail));
}
AUTO_STRUCT(child_run, struct child_run, child_run_release)

static bool is_program(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISREG(st.st_mode) && !access(path, X_OK);
}

static bool find_program(const char *name, struct arena *a, const char **path, struct err *e)
{
	const char *shown = text_escaped(a, name);

	if (*name == '/') {
		if (!is_program(name))
			return err_set(e, ERR_MISSING, "cannot run '%s': no such program", shown);
		*path = name;
		return true;
	}
	if (!*name || strchr(name, '/'))
		return err_set(e, ERR_INPUT,
			       "cannot run '%s': write an absolute path, or a name found in %s",
			       shown, CHILD_PATH);
	for (const char *dir = CHILD_PATH; *dir;) {
		size_t len = strcspn(dir, ":");
		const char *full = arena_printf(a, "%.*s/%s", (int)len, dir, name);

		if (is_program(full)) {
			*path = full;
			return true;
		}
		dir += len + (dir[len] == ':');
	}
	return err_set(e, ERR_MISSING, "cannot run '%s': not found in %s", shown, CHILD_PATH);
}

bool child_finds(const char *name, struct err *e)
{
	AUTO(arena) a = { 0 };
	const char *path = NULL;

	return find_program(name, &a, &path, e);
}

static void build_env(const struct child *c, struct launch *l)
{
	const char *home = getenv("HOME");
	size_t count = 3;

	if (asprintf(&l->home, "HOME=%s", home ? home : "/") < 0)
		abort();
	l->env[0] = "PATH=" CHILD_PATH;
	l->env[1] = "LANG=C.UTF-8";
	l->env[2] = l->home;
	for (size_t i = 0; c->extra_env && c->extra_env[i]; i++) {
		assert(count + 1 < ENV_LIMIT);
		l->env[count++] = c->extra_env[i];
	}
}

/* Moves a descriptor above the ones the child uses. */
static bool raise_fd(int *fd)
{
	int high = fcntl(*fd, F_DUPFD_CLOEXEC, FIRST_FREE_FD);

	if (high < 0)
		return false;
	close(*fd);
	*fd = high;
	return true;
}

static bool open_pipe(int *reader, int *writer)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return false;
	*reader = ends[0];
	*writer = ends[1];
	return !fcntl(ends[0], F_SETFL, O_NONBLOCK) && raise_fd(reader) && raise_fd(writer);
}

/* A file, not a pipe: a child that does not read keeps nobody waiting. */
static bool open_input(struct launch *l, const struct child_run *r, struct err *e)
{
	const struct buf *input = r->child->input;
	size_t at = 0;

	if (!input)
		return true;
	l->input_fd = memfd_create("stdin", MFD_CLOEXEC);
	if (l->input_fd < 0 || !raise_fd(&l->input_fd))
		return err_sys(e, "cannot run '%s': no file for its input", r->name);
	while (at < input->len) {
		ssize_t wrote = pwrite(l->input_fd, input->data + at, input->len - at, (off_t)at);

		if (wrote < 0 && errno != EINTR)
			return err_sys(e, "cannot run '%s': no room for its input", r->name);
		at += wrote > 0 ? (size_t)wrote : 0;
	}
	return true;
}

static bool open_channels(struct launch *l, struct child_run *r, struct err *e)
{
	l->null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (l->null_fd < 0 || !raise_fd(&l->null_fd))
		return err_sys(e, "cannot run '%s': /dev/null", r->name);
	if (!open_pipe(&r->output, &l->output_fd) || !open_pipe(&r->status, &l->status_fd) ||
	    (r->child->complaint && !open_pipe(&r->errors, &l->errors_fd)))
		return err_sys(e, "cannot run '%s': no pipe", r->name);
	return true;
}

/* Between fork and exec: async-signal-safe calls only. */
__attribute__((noreturn)) static void become(const struct child *c, const struct launch *l)
{
	struct sigaction action = { .sa_handler = SIG_DFL };
	struct rlimit files;
	sigset_t none;

	for (int number = 1; number < NSIG; number++)
		sigaction(number, &action, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	umask(c->secret_output || c->sees_key ? 077 : 022);
	/* ours is raised for connections */
	if (!getrlimit(RLIMIT_NOFILE, &files) && files.rlim_cur > CHILD_FILES) {
		files.rlim_cur = CHILD_FILES;
		setrlimit(RLIMIT_NOFILE, &files);
	}

	int errors = c->secret_output ? l->null_fd : c->complaint ? l->errors_fd : l->output_fd;
	int input = l->input_fd >= 0 ? l->input_fd : l->null_fd;
	bool ready = !setpgid(0, 0) && dup2(input, 0) == 0 && dup2(l->output_fd, 1) == 1 &&
		     dup2(errors, 2) == 2 &&
		     dup3(l->status_fd, STATUS_FD, O_CLOEXEC) == STATUS_FD &&
		     !close_range(STATUS_FD + 1, ~0U, 0) && (!c->directory || !chdir(c->directory));

	if (ready)
		execve(l->path, (char **)c->argv, (char **)l->env);

	int number = errno;
	ssize_t sent = write(STATUS_FD, &number, sizeof(number));
	_exit(sent == sizeof(number) ? 127 : 126);
}

static bool child_start(struct child_run *r, const struct launch *l, struct err *e)
{
	sigset_t all;
	sigset_t before;

	/* Blocks all signals: no handler of ours may run in the child. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	assert(!fiber_is_running() && !parallel_is_running());
	r->pid = fork();
	if (r->pid == 0)
		become(r->child, l);

	int number = errno;

	pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = number;
	if (r->pid < 0)
		return err_sys(e, "cannot run '%s'", r->name);
	setpgid(r->pid, r->pid);
	r->pidfd = pidfd_open(r->pid, 0);
	if (r->pidfd >= 0)
		return true;
	err_sys(e, "cannot watch '%s'", r->name);
	kill(r->pid, SIGKILL);
	waitpid(r->pid, NULL, 0);
	return false;
}

static void keep_tail(struct child_run *r, const char *bytes, size_t len)
{
	if (len > CHILD_TAIL) {
		bytes += len - CHILD_TAIL;
		len = CHILD_TAIL;
	}

	size_t old = r->tail_len + len > CHILD_TAIL ? CHILD_TAIL - len : r->tail_len;

	memmove(r->tail, r->tail + r->tail_len - old, old);
	memcpy(r->tail + old, bytes, len);
	r->tail_len = old + len;
}

static void child_store(struct child_run *r, const char *bytes, size_t len)
{
	size_t room = CHILD_OUTPUT_LIMIT - r->kept;

	if (!r->secret && !r->child->complaint)
		keep_tail(r, bytes, len);
	if (len > room) {
		r->overflow = true;
		len = room;
	}
	if (r->secret)
		memcpy(r->secret->bytes + r->kept, bytes, len);
	if (r->out)
		buf_add(r->out, bytes, len);
	r->kept += len;
}

/* Reads at most `rounds` chunks available now, with `store`. */
static void read_pipe(struct child_run *r, int *fd, int rounds,
		      void (*store)(struct child_run *r, const char *bytes, size_t len))
{
	char chunk[4096];

	while (*fd >= 0 && rounds-- > 0) {
		ssize_t got = read(*fd, chunk, sizeof(chunk));

		if (got > 0) {
			store(r, chunk, (size_t)got);
			continue;
		}
		if (got < 0 && errno == EINTR)
			continue;
		if (got == 0 || errno != EAGAIN)
			close(TAKE_FD(*fd));
		break;
	}
	wipe(chunk, sizeof(chunk));
}

static void read_output(struct child_run *r, int rounds)
{
	read_pipe(r, &r->output, rounds, child_store);
	read_pipe(r, &r->errors, rounds, keep_tail);
}

/* Whether the child has ended.  A stop ends it too, unless that was asked for before it began. */
static bool wait_until(struct child_run *r, int64_t deadline, bool stoppable)
{
	for (;;) {
		struct pollfd fds[] = { { .fd = r->pidfd, .events = POLLIN },
					{ .fd = r->output, .events = POLLIN },
					{ .fd = r->errors, .events = POLLIN } };
		int64_t left = deadline - clock_mono_ms();

		if (left <= 0 || (stoppable && stop_requested()))
			return false;
		if (poll(fds, 3, left < POLL_MS ? (int)left : POLL_MS) <= 0)
			continue;
		if (fds[1].revents || fds[2].revents)
			read_output(r, 16);
		if (fds[0].revents)
			return true;
	}
}

static bool child_reap(struct child_run *r, siginfo_t *info, struct err *e)
{
	while (waitid(P_PIDFD, (id_t)r->pidfd, info, WEXITED))
		if (errno != EINTR)
			return err_sys(e, "cannot wait for '%s'", r->name);
	/* An orphan process may go on writing: read at most what a pipe holds. */
	read_output(r, 1 + CHILD_OUTPUT_LIMIT / 4096);
	return true;
}

/* Kills the process group, and the child itself in case it left the group. */
static bool kill_group(struct child_run *r, bool stopped, struct err *e)
{
	siginfo_t info = { 0 };

	kill(-r->pid, SIGKILL);
	pidfd_send_signal(r->pidfd, SIGKILL, NULL, 0);
	if (wait_until(r, clock_mono_ms() + KILL_WAIT_MS, false) && !child_reap(r, &info, e))
		return false;
	if (stopped)
		return err_set(e, ERR_STOPPED, "'%s' was ended: certfleet was told to stop",
			       r->name);
	return err_set(e, ERR_REMOTE, "'%s' did not end within %lld ms and was killed", r->name,
		       (long long)r->child->timeout_ms);
}

static const char *quoted_tail(const struct child_run *r, struct arena *a)
{
	AUTO(buf) shown = { 0 };

	if (!r->child->complaint)
		text_quote(&shown, r->tail, r->tail_len);
	return arena_strdup(a, buf_text(&shown));
}

static bool child_check(struct child_run *r, const siginfo_t *info, struct err *e)
{
	AUTO(arena) a = { 0 };
	int number = 0;

	if (read(r->status, &number, sizeof(number)) == sizeof(number)) {
		errno = number;
		return err_sys(e, "cannot run '%s'", r->name);
	}
	if (info->si_code != CLD_EXITED)
		return err_set(e, ERR_REMOTE, "'%s' was killed by signal %d%s", r->name,
			       info->si_status, quoted_tail(r, &a));
	if (info->si_status)
		return err_set(e, ERR_REMOTE, "'%s' ended with status %d%s", r->name,
			       info->si_status, quoted_tail(r, &a));
	if (r->secret && r->overflow)
		return err_set(e, ERR_REMOTE, "'%s' printed more than %d bytes for a secret",
			       r->name, CHILD_OUTPUT_LIMIT);
	return true;
}

static bool child_run_to_end(void *ctx, struct err *e)
{
	struct child_run *r = ctx;
	AUTO(arena) a = { 0 };
	AUTO(launch)
	l = { .input_fd = -1, .null_fd = -1, .output_fd = -1, .errors_fd = -1, .status_fd = -1 };
	siginfo_t info = { 0 };
	int64_t deadline = clock_mono_ms() + r->child->timeout_ms;
	bool stoppable = !r->child->finishes && !stop_requested();

	assert(r->child->timeout_ms > 0 && r->child->argv[0]);
	r->name = text_escaped(&a, r->child->argv[0]);
	build_env(r->child, &l);
	if (!find_program(r->child->argv[0], &a, &l.path, e) || !open_channels(&l, r, e) ||
	    !open_input(&l, r, e) || !child_start(r, &l, e))
		return false;
	/* With our copies open the pipes would never reach end of file. */
	close(TAKE_FD(l.output_fd));
	close(TAKE_FD(l.status_fd));
	if (l.errors_fd >= 0)
		close(TAKE_FD(l.errors_fd));
	if (!wait_until(r, deadline, stoppable))
		return kill_group(r, stoppable && stop_requested(), e);
	return child_reap(r, &info, e) && child_check(r, &info, e);
}

bool child_run(const struct child *c, struct buf *out, struct err *e)
{
	AUTO(child_run)
	r = { .child = c, .out = out, .pidfd = -1, .output = -1, .errors = -1, .status = -1 };
	bool good = false;

	assert(!c->secret_output);
	good = fiber_outside(child_run_to_end, &r, e);
	if (c->complaint)
		buf_add(c->complaint, r.tail, r.tail_len);
	return good;
}

bool child_run_secret(const struct child *c, struct secret *out, struct err *e)
{
	struct child quiet = *c;
	AUTO(secret) room = { 0 };
	AUTO(child_run)
	r = { .child = &quiet,
	      .secret = &room,
	      .pidfd = -1,
	      .output = -1,
	      .errors = -1,
	      .status = -1 };

	quiet.secret_output = true;
	secret_alloc(&room, CHILD_OUTPUT_LIMIT);
	if (!fiber_outside(child_run_to_end, &r, e))
		return false;
	secret_copy(out, room.bytes, r.kept);
	return true;
}
