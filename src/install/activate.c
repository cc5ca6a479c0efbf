/* SPDX-License-Identifier: Apache-2.0 */
#include "install/activate.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/child.h"
#include "base/text.h"
#include "install/pidfile.h"
#include "model/activation.h"

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

enum {
	SHOW_MS = 5000, /* of systemctl */
};

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

bool activate_supervised(const struct activation_order *o, struct arena *a, struct supervised *out)
{
	const char **env = arena_array(a, 3, sizeof(*env));

	env[0] = arena_printf(a, "CERTFLEET_COMPONENT=%s", o->component);
	env[1] = arena_printf(a, "CERTFLEET_FINGERPRINT=%s", o->fingerprint);
	*out = (struct supervised){
		.directory = o->records,
		.process = o->process,
		.component = o->component,
		.fingerprint = o->fingerprint,
		.argv = activate_argv(o->how, a),
		.env = env,
		.place = o->directory,
		.unit = o->how->unit,
		.timeout_ms = o->how->timeout * 1000,
		.leaves_nothing = o->leaves_nothing,
	};
	return out->argv != NULL;
}

static bool activate_and_wait(const struct activation_order *o, struct arena *a, struct err *e)
{
	AUTO(supervisor) s = { .pidfd = -1 };
	struct supervised what = { 0 };

	if (!activate_supervised(o, a, &what))
		return err_set(e, ERR_INPUT, "there is no command");
	if (!supervisor_begin(&what, &s, e))
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
		return activate_and_wait(o, a, e);
	case ACTIVATE_HTTP:
	case ACTIVATE_APPMON:
		break; /* runs on the control host, never here */
	}
	return err_set(e, ERR_INPUT, "there is no such activation");
}

static void inspect_signal(const struct activate *how, const char *proven, struct arena *a,
			   struct observation *out)
{
	AUTO(pidfile) p = { .process = { .fd = -1 } };
	struct err e = { 0 };

	if (!pidfile_open(how->pidfile, activate_expected(how, proven, a), a, &p, &e)) {
		if (e.code == ERR_IO)
			out->untrusted = arena_strdup(a, e.text);
		else /* without the remedy, which is the plan's */
			out->not_running = arena_strndup(a, e.text, strcspn(e.text, ";"));
		return;
	}
	out->doubt = p.doubt;
	out->executable = p.process.executable;
	if (!process_may_signal(&p.process))
		out->untrusted = arena_printf(
			a,
			"process %d, which pidfile '%s' names, belongs to user %u, whose processes this user cannot signal; run as root, or as that user",
			(int)p.process.pid, text_escaped(a, how->pidfile), p.process.real);
}

/* The value of a property in the output of `systemctl show`; "": none. */
static const char *unit_property(const char *text, const char *name, struct arena *a)
{
	size_t len = strlen(name);

	for (; *text; text += strcspn(text, "\n"), text += *text == '\n')
		if (!strncmp(text, name, len) && text[len] == '=')
			return arena_strndup(a, text + len + 1, strcspn(text + len + 1, "\n"));
	return "";
}

static void inspect_unit(const struct activate *how, struct arena *a, struct observation *out)
{
	const char *const argv[] = { "systemctl", "show",
				     "--property=LoadState,ActiveState,CanReload", how->unit,
				     NULL };
	const struct child c = { .argv = argv, .timeout_ms = SHOW_MS };
	AUTO(buf) text = { 0 };
	struct err e = { 0 };
	const char *loaded = NULL;
	const char *active = NULL;

	if (!child_run(&c, &text, &e)) {
		out->untrusted = arena_strdup(a, e.text);
		return;
	}
	loaded = unit_property(buf_text(&text), "LoadState", a);
	active = unit_property(buf_text(&text), "ActiveState", a);
	if (strcmp(loaded, "loaded") != 0)
		out->untrusted =
			arena_printf(a, "unit '%s' is '%s'; correct its name, or install it",
				     how->unit, text_escaped(a, loaded));
	else if (!how->start && (!strcmp(active, "inactive") || !strcmp(active, "failed")))
		out->not_running =
			arena_printf(a, "unit '%s' is '%s'", how->unit, text_escaped(a, active));
	out->activation =
		activation_names[!strcmp(unit_property(buf_text(&text), "CanReload", a), "yes")
					 ? ACTIVATION_RELOAD
					 : ACTIVATION_RESTART];
}

void activate_inspect(const struct activate *how, const char *proven, struct arena *a,
		      struct observation *out)
{
	struct err e = { 0 };

	switch (how->kind) {
	case ACTIVATE_NONE:
	case ACTIVATE_HTTP:
	case ACTIVATE_APPMON:
		return;
	case ACTIVATE_SIGNAL:
		inspect_signal(how, proven, a, out);
		return;
	case ACTIVATE_RELOAD:
	case ACTIVATE_COMMAND:
		if (!child_finds(how->argv[0], &e))
			out->untrusted = arena_printf(a, "%s; install it", e.text);
		return;
	case ACTIVATE_UNIT:
		inspect_unit(how, a, out);
		return;
	}
}
