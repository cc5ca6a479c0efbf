/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/confine.h"

#include "base/sandbox.h"

#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
	DESCRIPTORS = 1024,
};

static bool become(const char *user, struct err *e)
{
	const struct passwd *p = NULL;

	if (!user)
		return true;
	p = getpwnam(user);
	if (!p)
		return err_set(e, ERR_INPUT, "there is no user '%s'", user);
	if (geteuid() != 0)
		return p->pw_uid == geteuid() ||
		       err_set(e, ERR_INPUT,
			       "only root can run a half of it as '%s'", user);
	if (setgroups(0, NULL) || setgid(p->pw_gid) || setuid(p->pw_uid))
		return err_sys(e, "cannot become user '%s'", user);
	return true;
}

static bool limit(int what, rlim_t most)
{
	const struct rlimit l = { most, most };

	return !setrlimit(what, &l);
}

bool confine(const char *user, struct err *e)
{
	pid_t parent = getppid();

	if (!limit(RLIMIT_NOFILE, DESCRIPTORS))
		return err_sys(e, "cannot limit the network half");
	if (!become(user, e))
		return false;
	/* another user is dumpable again */
	if (prctl(PR_SET_DUMPABLE, 0) || prctl(PR_SET_PDEATHSIG, SIGKILL) ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || !limit(RLIMIT_CORE, 0) ||
	    !limit(RLIMIT_NPROC, 0) || !limit(RLIMIT_FSIZE, 0) ||
	    !sandbox_forbid_files())
		return err_sys(e, "cannot confine the network half");
	if (getppid() != parent)
		return err_set(e, ERR_MISSING, "the other half has ended");
	return true;
}
