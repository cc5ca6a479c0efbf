/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/exit_status.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/session.h"
#include "report/notification.h"
#include "state/state.h"

static void cmd_notify_listen(void *ctx, const struct event *event)
{
	struct session *s = ctx;
	AUTO(buf) line = { 0 };

	if (event->kind == EVENT_NOTE)
		term_note(&s->terminal, "%s", event->text);
	if (event->kind != EVENT_NOTIFIED)
		return;
	if (event->text) {
		terminal_error(&s->terminal, "not notified: %s: %s",
			       text_escaped(&s->arena, event->target), event->text);
		return;
	}
	buf_printf(&line, "notified: %s\n", text_escaped(&s->arena, event->target));
	term_print(&s->terminal, &line);
}

static bool cmd_notify_run(struct session *s, const struct call *call, int *status, struct err *e)
{
	int64_t now = clock_now();
	struct notification n = { .fleet = &s->fleet,
				  .who = engine_who(&s->arena),
				  .started = now,
				  .ended = now,
				  .test = true };
	struct notice notice = notification_notice(&n, 1u << NOTIFY_CHANGED, &s->arena);
	const struct notify_order order = { .notice = &notice, .everybody = true };

	(void)call;
	if (!s->fleet.notify_count)
		return err_set(e, ERR_INPUT,
			       "'%s' names nobody to tell; add 'notify', see certfleet.yaml(5)",
			       text_escaped(&s->arena, s->fleet.path));
	s->listen = cmd_notify_listen;
	s->listen_ctx = s;
	if (!session_read(s, e))
		return false;
	if (engine_notify(s->engine, &order))
		*status = EXIT_FAILED;
	return true;
}

const struct command command_notify = {
	.name = "notify",
	.words = "[FILE]",
	.summary = "send a test to all whom the fleet file notifies",
	.help = "Tells each target of 'notify', whatever outcomes it asks for, that nothing has\nhappened: 'test' is true in the summary, its outcome is 'changed'. What an apply\ntells, and when, is in certfleet.yaml(5).\n\nExit status: 0 all are told, 1 one is not, 65 the fleet file names nobody.",
	.needs = NEEDS_FLEET_WORD,
	.words_most = 1,
	.run = cmd_notify_run,
};
