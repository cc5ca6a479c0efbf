/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/text.h"
#include "cli/apply_command.h"
#include "cli/command.h"
#include "cli/plan_file.h"
#include "cli/planning.h"
#include "cli/session.h"
#include "engine/plan_signature.h"
#include "plan/planner.h"

#include <string.h>

enum {
	KEY_SHOWN = 16
};

struct approve_options {
	const char *key;
};

static const struct option options[] = {
	TEXT(struct approve_options, key, .name = "key", .argument = "FILE",
	     .help = "your private key, PEM: Ed25519 or ECDSA"),
	{ 0 },
};

/* The name in the fleet file; of a key that it does not have, its first digits. */
static bool signer_name(struct session *s, const char *key, const char **out, struct err *e)
{
	const struct approval_rules *asked = NULL;
	const struct approval_signer *known = NULL;

	if (!engine_approvals_asked(s->engine, &s->arena, &asked, e))
		return false;
	known = approval_signer(asked, key);
	*out = known ? known->name : arena_strndup(&s->arena, key, KEY_SHOWN);
	if (!known)
		term_note(
			&s->terminal,
			"warning: this key is of none of the signers in the fleet file; it counts if it was one at the last completed run");
	return true;
}

static bool cmd_approve_run(struct session *s, const struct call *call, int *status, struct err *e)
{
	const struct approve_options *o = call->options;
	const char *path = call->words[0];
	AUTO(plan_signer) signer = NULL;
	AUTO(saved) saved = { 0 };
	AUTO(buf) text = { 0 };
	struct approval as = { .expires = clock_now() + APPROVAL_VALID_FOR };
	const char *written = NULL;
	char until[TIME_TEXT];

	(void)status;
	if (!o->key)
		return err_set(e, ERR_USAGE, "name your private key with '--key FILE'");
	if (!saved_read(path, &saved, e) || !plan_signer_open(o->key, &signer, e) ||
	    !signer_name(s, plan_signer_key(signer), &as.name, e))
		return false;

	const struct plan_identity plan = saved_identity(path, &saved.plan, &s->arena);

	if (saved.plan.maker && !strcmp(saved.plan.maker, plan_signer_key(signer)))
		return err_set(
			e, ERR_USAGE,
			"you made this plan: it was signed with this key, which does not count");
	plan_render_text(&saved.plan, s->verbose, s->terminal.color, &text);
	term_print(&s->terminal, &text);
	if (!plan_approve(signer, &plan, &as, &s->arena, &written, e))
		return false;
	term_note(&s->terminal, "approved as '%s' until %s; keep '%s' beside the plan", as.name,
		  time_format(as.expires, until), text_escaped(&s->arena, written));
	return true;
}

const struct command command_approve = {
	.name = "approve",
	.words = "PLAN",
	.summary = "sign a saved plan, for 'approvals' in the fleet file",
	.help = "Shows the plan, and writes PLAN.approved.NAME: a signature of this very plan,\nfor 72 hours. NAME is that of the signer with this key. 'certfleet apply PLAN'\nfinds the signatures beside the plan.",
	.needs = NEEDS_FLEET | NEEDS_ENGINE,
	.words_least = 1,
	.words_most = 1,
	.options = options,
	.options_size = sizeof(struct approve_options),
	.run = cmd_approve_run,
};
