/* SPDX-License-Identifier: Apache-2.0 */
#include "install/activate.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/child.h"
#include "base/text.h"
#include "install/pidfile.h"

#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

static bool activate_is_allowed(int number)
{
	return number == SIGHUP || number == SIGUSR1 || number == SIGUSR2 || number == SIGTERM;
}

/* The doubt has been accepted, for exactly this executable. */
static bool activate_is_accepted(const struct activation_order *o, const struct process *p)
{
	return o->accepted && p->executable && !strcmp(o->accepted, p->executable);
}

/* The executable that the process must have; NULL: unknown. */
static const char *activate_expected(const struct activate *how, const char *proven,
				     struct arena *a)
{
	char path[PATH_MAX];

	if (!how->exe)
		return proven;
	/* /proc shows where links lead to */
	return text_escaped(a, realpath(how->exe, path) ? path : how->exe);
}

static bool send_signal(const struct activation_order *o, struct arena *a, const char **executable,
			struct err *e)
{
	const struct activate *how = o->how;
	AUTO(pidfile) p = { .process = { .fd = -1 } };

	if (!activate_is_allowed(how->signal))
		return err_set(e, ERR_INPUT, "signal %d is not HUP, USR1, USR2 or TERM",
			       how->signal);
	if (!pidfile_open(how->pidfile, activate_expected(how, o->proven, a), a, &p, e))
		return false;
	if (p.doubt && !activate_is_accepted(o, &p.process))
		return err_set(e, ERR_REMOTE, "not signalled, because %s; correct the pidfile",
			       p.doubt);
	if (!process_signal(&p.process, how->signal, e))
		return err_in(e, "pidfile '%s'", how->pidfile);
	*executable = p.process.executable;
	return true;
}

/* In the supervisor. */
static bool activate_run_command(const void *ctx, struct err *e)
{
	const struct activation_order *o = ctx;
	AUTO(arena) a = { 0 };
	const char *const env[] = {
		arena_printf(&a, "CERTFLEET_COMPONENT=%s", o->component),
		arena_printf(&a, "CERTFLEET_FINGERPRINT=%s", o->fingerprint),
		NULL,
	};
	const struct child c = { .argv = activate_argv(o->how, &a),
				 .extra_env = env,
				 .directory = o->directory,
				 .timeout_ms = o->how->timeout * 1000 };

	return child_run(&c, NULL, e);
}

bool activate_is_supervised(const struct activate *how)
{
	AUTO(arena) a = { 0 };

	return activate_argv(how, &a) != NULL;
}

bool activate_begin(const struct activation_order *o, struct supervisor *out, struct err *e)
{
	const struct supervised s = {
		.directory = o->records,
		.process = o->process,
		.component = o->component,
		.fingerprint = o->fingerprint,
		.run = activate_run_command,
		.ctx = o,
		.timeout_ms = o->how->timeout * 1000,
		.leaves_nothing = o->leaves_nothing,
	};

	return supervisor_begin(&s, out, e);
}

static bool activate_supervised(const struct activation_order *o, struct err *e)
{
	AUTO(supervisor) s = { .pidfd = -1 };

	if (!activate_begin(o, &s, e))
		return false;
	supervisors_wait(&s, 1, NULL, NULL);
	return supervisor_end(&s, e);
}

bool install_activate(const struct activation_order *o, struct arena *a, const char **executable,
		      struct err *e)
{
	*executable = NULL;
	switch (o->how->kind) {
	case ACTIVATE_NONE:
		return true;
	case ACTIVATE_SIGNAL:
		return send_signal(o, a, executable, e);
	case ACTIVATE_RELOAD:
	case ACTIVATE_COMMAND:
	case ACTIVATE_UNIT:
		return activate_supervised(o, e);
	case ACTIVATE_HTTP:
		break; /* runs on the control host, never here */
	}
	return err_set(e, ERR_INPUT, "there is no such activation");
}

void activate_inspect(const struct activate *how, const char *proven, struct arena *a,
		      struct observation *out)
{
	AUTO(pidfile) p = { .process = { .fd = -1 } };
	struct err e = { 0 };

	if (how->kind != ACTIVATE_SIGNAL)
		return;
	if (pidfile_open(how->pidfile, activate_expected(how, proven, a), a, &p, &e)) {
		out->doubt = p.doubt;
		out->executable = p.process.executable;
	} else if (e.code == ERR_IO) {
		out->untrusted = arena_strdup(a, e.text);
	}
}
