/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/confine.h"

#include "base/calls.h"
#include "base/sandbox.h"

#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
	DESCRIPTORS = 1024, /* select() takes no more */
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
	if (!end_with(parent, e))
		return false;
	if (!limit(RLIMIT_NOFILE, DESCRIPTORS) || prctl(PR_SET_DUMPABLE, 0) ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || !limit(RLIMIT_CORE, 0) ||
	    !limit(RLIMIT_NPROC, 0) || !sandbox_forbid_files() ||
	    !calls_only_talk())
		return err_sys(e, "cannot confine the network half");
	return true;
}
