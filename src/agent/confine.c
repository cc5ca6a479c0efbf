/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/confine.h"

#include "base/sandbox.h"
#include "base/seccomp.h"

#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	DESCRIPTORS = 1024, /* select() takes no more */
};

/*
 * What is left: memory, time, and sockets that are there or are accepted.
 * Nothing that opens, connects, starts, signals or traces.
 */
static const int allowed_calls[] = {
	SYS_read,
	SYS_write,
	SYS_writev,
	SYS_readv,
	SYS_recvfrom,
	SYS_recvmsg,
	SYS_sendto,
	SYS_sendmsg,
	SYS_accept4,
	SYS_shutdown,
	SYS_getsockopt,
	SYS_setsockopt,
	SYS_getsockname,
	SYS_getpeername,
	SYS_fcntl,
	SYS_close,
	SYS_pselect6,
#ifdef SYS_select
	SYS_select,
#endif
	SYS_ppoll,
#ifdef SYS_poll
	SYS_poll,
#endif
	SYS_eventfd2,
	SYS_mmap,
	SYS_munmap,
	SYS_mremap,
	SYS_mprotect,
	SYS_madvise,
	SYS_brk,
	SYS_futex,
	SYS_getrandom,
	SYS_clock_gettime,
	SYS_clock_getres,
	SYS_gettimeofday,
	SYS_clock_nanosleep,
	SYS_nanosleep,
	SYS_getpid,
	SYS_gettid,
	SYS_getrusage,
	SYS_rt_sigreturn,
	SYS_rt_sigaction,
	SYS_rt_sigprocmask,
	SYS_sigaltstack,
	SYS_sched_yield,
	SYS_restart_syscall,
	SYS_exit,
	SYS_exit_group,
#ifdef SYS_time
	SYS_time,
#endif
};

static bool find_user(const char *name, struct passwd **out, struct err *e)
{
	bool is_root = geteuid() == 0;

	*out = NULL;
	if (!name && !is_root)
		return true;
	*out = getpwnam(name ? name : CONFINE_USER);
	if (!*out)
		return err_set(e, ERR_INPUT, "there is no user '%s'",
			       name ? name : CONFINE_USER);
	return is_root || (*out)->pw_uid == geteuid() ||
	       err_set(e, ERR_INPUT, "only root can run a half of it as '%s'",
		       name);
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
	    /* another user is dumpable again */
	    prctl(PR_SET_DUMPABLE, 0))
		return err_sys(e, "cannot become user '%s'", p->pw_name);
	return true;
}

/* A limit that is lower already stays. */
static bool limit(int what, rlim_t most)
{
	struct rlimit l;

	if (getrlimit(what, &l))
		return false;
	if (l.rlim_max > most)
		l.rlim_max = most;
	l.rlim_cur = l.rlim_max;
	return !setrlimit(what, &l);
}

/* After confine_become(), which would undo it. */
static bool end_with(pid_t parent, struct err *e)
{
	if (!parent)
		return true;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL))
		return err_sys(e, "cannot confine the network half");
	return getppid() == parent ||
	       err_set(e, ERR_MISSING, "the other half has ended");
}

bool confine(pid_t parent, struct err *e)
{
	const size_t count = sizeof(allowed_calls) / sizeof(*allowed_calls);

	if (!end_with(parent, e))
		return false;
	if (!limit(RLIMIT_NOFILE, DESCRIPTORS) || prctl(PR_SET_DUMPABLE, 0) ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || !limit(RLIMIT_CORE, 0) ||
	    !limit(RLIMIT_NPROC, 0) || !sandbox_forbid_files() ||
	    !seccomp_allow_only(allowed_calls, count))
		return err_sys(e, "cannot confine the network half");
	return true;
}
