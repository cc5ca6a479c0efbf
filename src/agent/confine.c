/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/confine.h"

#include "base/clock.h"
#include "base/sandbox.h"
#include "base/seccomp.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	DESCRIPTORS = 1024, /* FD_SETSIZE, the limit of select() */
	SHARED_ID = 65534,
	FIRST_FREE = 3,
	POLL_MS = 5,
	KEPT_ROOM = 64,
	LOG_ROOM = 64 * 1024, /* bytes a log file may grow by */
};

static bool find_user(const char *name, struct passwd **out, struct err *e)
{
	bool is_root = geteuid() == 0;

	*out = NULL;
	if (!name && !is_root)
		return true;
	*out = getpwnam(name ? name : CONFINE_USER);
	if (!*out && !name)
		*out = getpwnam(CONFINE_SHARED);
	if (!*out)
		return err_set(e, ERR_INPUT, "there is no user '%s'", name ? name : CONFINE_USER);
	if (is_root && (*out)->pw_uid == 0)
		return err_set(e, ERR_INPUT,
			       "the network half cannot be root; say 'user: " CONFINE_USER "'");
	return is_root || (*out)->pw_uid == geteuid() ||
	       err_set(e, ERR_INPUT, "only root can run a half of it as '%s'", name);
}

bool confine_is_shared(const char *name)
{
	const struct passwd *shared = getpwnam(CONFINE_SHARED);
	uid_t shared_id = shared ? shared->pw_uid : SHARED_ID;
	struct err ignored = { 0 };
	uid_t uid = 0;

	return confine_user(name, &uid, &ignored) && (uid == shared_id || uid == SHARED_ID);
}

bool confine_is_own_user(const char *name, struct err *e)
{
	return !confine_is_shared(name) ||
	       err_set(e, ERR_INPUT,
		       "with --half the network half needs a user of its own, not '" CONFINE_SHARED
		       "', as whom others run too: make one (useradd --system " CONFINE_USER
		       ") and say 'user: " CONFINE_USER "' in the agent's configuration");
}

bool confine_user(const char *name, uid_t *uid, struct err *e)
{
	struct passwd *p = NULL;

	if (!find_user(name, &p, e))
		return false;
	*uid = p ? p->pw_uid : geteuid();
	return true;
}

bool confine_become(const char *user, struct err *e)
{
	struct passwd *p = NULL;

	if (!find_user(user, &p, e))
		return false;
	if (!p || geteuid() != 0)
		return true;
	if (setgroups(0, NULL) || setgid(p->pw_gid) || setuid(p->pw_uid) ||
	    /* the change of user made the process dumpable again */
	    prctl(PR_SET_DUMPABLE, 0))
		return err_sys(e, "cannot become user '%s'", p->pw_name);
	return true;
}

/*
 * Moves the kept descriptors up first, so that none overwrites another, then
 * down to the first free numbers.
 */
bool confine_descriptors(int *const *kept, size_t count, struct err *e)
{
	for (size_t i = 0; i < count; i++) {
		int moved = fcntl(*kept[i], F_DUPFD_CLOEXEC, KEPT_ROOM);

		if (moved < 0)
			return err_sys(e, "cannot keep a descriptor");
		*kept[i] = moved;
	}
	if (close_range(FIRST_FREE, KEPT_ROOM - 1, 0))
		return err_sys(e, "cannot close inherited descriptors");
	for (size_t i = 0; i < count; i++) {
		int moved = fcntl(*kept[i], F_DUPFD_CLOEXEC, FIRST_FREE);

		if (moved < 0)
			return err_sys(e, "cannot keep a descriptor");
		*kept[i] = moved;
	}
	return !close_range(FIRST_FREE + (unsigned)count, ~0U, 0) ||
	       err_sys(e, "cannot close inherited descriptors");
}

/* A lower limit stays. */
static bool confine_limit(int what, rlim_t most)
{
	struct rlimit l;

	if (getrlimit(what, &l))
		return false;
	if (l.rlim_max > most)
		l.rlim_max = most;
	l.rlim_cur = l.rlim_max;
	return !setrlimit(what, &l);
}

bool confine(pid_t parent, struct err *e)
{
	struct stat st;
	rlim_t written = 0;

	/* after confine_become(), which would undo it */
	if (parent && prctl(PR_SET_PDEATHSIG, SIGKILL))
		return err_sys(e, "cannot confine the network half");
	if (parent && getppid() != parent)
		return err_set(e, ERR_MISSING, "the agent's other process exited");
	/* it writes no file but its log, when stderr is one */
	if (!fstat(STDERR_FILENO, &st) && S_ISREG(st.st_mode))
		written = (rlim_t)st.st_size + LOG_ROOM;
	signal(SIGXFSZ, SIG_IGN);
	if (!confine_limit(RLIMIT_NOFILE, DESCRIPTORS) || prctl(PR_SET_DUMPABLE, 0) ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || !confine_limit(RLIMIT_CORE, 0) ||
	    !confine_limit(RLIMIT_NPROC, 0) || !confine_limit(RLIMIT_FSIZE, written) ||
	    !sandbox_forbid_files() || !seccomp_only_talk())
		return err_sys(e, "cannot confine the network half");
	return true;
}

void confine_end(pid_t child, int64_t leave_ms)
{
	int64_t end_ms = clock_mono_ms() + leave_ms;

	while (waitpid(child, NULL, WNOHANG) == 0) {
		if (clock_mono_ms() >= end_ms)
			kill(child, SIGKILL);
		usleep(POLL_MS * 1000);
	}
}
