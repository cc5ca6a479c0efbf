/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/session.h"

#include "base/clock.h"
#include "base/diag.h"
#include "base/text.h"
#include "config/load.h"
#include "pki/issue.h"
#include "state/journal.h"

#include <string.h>
#include <unistd.h>

void session_release(struct session *s)
{
	engine_close(s->engine);
	s->engine = NULL;
	fleet_release(&s->fleet);
	arena_release(&s->arena);
}

bool session_prepare(struct session *s, const struct command *c, const struct call *call,
		     struct err *e)
{
	bool named = (c->needs & NEEDS_FLEET_WORD) && call->word_count > 0;

	if (c->configure && !c->configure(s, call, e))
		return false;
	if ((c->needs & (NEEDS_FLEET | NEEDS_FLEET_WORD)) &&
	    !session_load(s, named ? call->words[0] : s->file, e))
		return false;
	return !(c->needs & NEEDS_ENGINE) || session_read(s, e);
}

bool session_load(struct session *s, const char *path, struct err *e)
{
	AUTO(diags) diags = { 0 };
	AUTO(buf) text = { 0 };
	bool good = s->confined ? load_fleet_beneath(path, subject_canonical, &s->fleet, &diags, e)
				: load_fleet(path, subject_canonical, &s->fleet, &diags, e);

	diag_render(&diags, &text);
	if (!good || !s->terminal.quiet)
		term_error(&s->terminal, &text);
	if (good)
		return true;
	if (e->code == ERR_MISSING)
		return err_set(
			e, ERR_INPUT,
			"there is no fleet file '%s'; name it with --file, or go to its directory with -C",
			path);
	/* whatever the reason, the user has to change the input */
	e->code = ERR_INPUT;
	return false;
}

static void session_report_note(void *ctx, const struct event *event)
{
	struct session *s = ctx;

	if (event->kind == EVENT_NOTE)
		term_note(&s->terminal, "%s", event->text);
}

static bool open_engine(struct session *s, struct engine_options o, struct err *e)
{
	AUTO(engine) en = NULL;

	o.fleet = &s->fleet;
	o.listen = s->listen ? s->listen : session_report_note;
	o.listen_ctx = s->listen ? s->listen_ctx : s;
	if (!engine_open(&o, &en, e))
		return false;
	if (s->engine)
		engine_take_secrets(en, s->engine);
	engine_close(s->engine);
	s->engine = TAKE(en);
	return true;
}

bool session_read(struct session *s, struct err *e)
{
	return open_engine(s, (struct engine_options){ .confined = s->confined }, e);
}

bool session_stateless(struct session *s, struct err *e)
{
	return open_engine(s, (struct engine_options){ .stateless = true }, e);
}

const char *session_holder(struct session *s, const char *command)
{
	char host[256] = "?";
	char since[TIME_TEXT];

	gethostname(host, sizeof(host) - 1);
	return arena_printf(&s->arena, "'certfleet %s' (pid %ld on %s, since %s)", command,
			    (long)getpid(), text_escaped(&s->arena, host),
			    time_format(clock_now(), since));
}

bool session_lock(struct session *s, int64_t wait, const char *command, struct err *e)
{
	char words[DURATION_TEXT];
	struct engine_options o = { .apply = true, .holder = session_holder(s, command) };
	struct err why = { 0 };

	if (open_engine(s, o, &why))
		return true;
	if (why.code == ERR_BUSY && wait) {
		term_note(&s->terminal, "%s; waiting for it, %s at most", why.text,
			  duration_words(wait, words));
		o.lock_wait_ms = wait * 1000;
		if (open_engine(s, o, &why))
			return true;
	}
	*e = why;
	if (e->code == ERR_BUSY)
		err_remedy(
			e,
			strcmp(command, "apply") != 0 ? "try again when that has ended"
			: wait ? "try again when that has ended, or give --lock-timeout more time"
			       : "wait for it with '--lock-timeout 10m'");
	return false;
}

bool session_runs(struct session *s, struct run_record **out, size_t *count, struct err *e)
{
	struct state *state = engine_state(s->engine);

	*count = 0;
	return !state || journal_runs(state, &s->arena, out, count, e);
}

bool session_has_state(const struct session *s)
{
	return engine_state(s->engine) != NULL;
}
