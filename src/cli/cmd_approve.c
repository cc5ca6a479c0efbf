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
#include "state/state.h"

#include <string.h>

struct approve_options {
	const char *key;
};

static const struct option options[] = {
	TEXT(struct approve_options, key, .name = "key", .argument = "FILE",
	     .help = "your private key, PEM: Ed25519 or ECDSA"),
	{ 0 },
};

static const char *signer_names(struct session *s, const struct approval_rules *rules)
{
	AUTO(buf) out = { 0 };

	for (size_t i = 0; i < rules->signer_count; i++)
		buf_printf(&out, "%s%s", i ? ", " : "",
			   text_escaped(&s->arena, rules->signers[i].name));
	return arena_strdup(&s->arena, buf_text(&out));
}

/* The signer with this key, by the rules that count: those of the state, if it has any. */
static bool find_signer(struct session *s, const struct approve_options *o, const char *key,
			const char **name, struct err *e)
{
	const struct approval_rules *rules = NULL;
	const struct approval_signer *known = NULL;

	if (session_has_state(s) &&
	    !state_approval_rules(engine_state(s->engine), &s->arena, &rules, e))
		return false;
	if (!rules && !engine_approvals_asked(s->engine, &s->arena, &rules, e))
		return false;
	if (!rules)
		return err_set(
			e, ERR_USAGE,
			"there is nothing to approve: neither the state nor the fleet file has 'approvals'");
	known = approval_signer(rules, key);
	if (!known)
		return err_set(
			e, ERR_USAGE,
			"the key '%s' is of none of the signers, which are %s; sign with the key of one",
			text_escaped(&s->arena, o->key), signer_names(s, rules));
	*name = known->name;
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
	if (!saved_read(path, &saved, e) || !saved_check_age(&saved.plan, e) ||
	    !plan_signer_open(o->key, &signer, e) ||
	    !find_signer(s, o, plan_signer_key(signer), &as.name, e))
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
	.help = "Shows the plan, and writes PLAN.approved.NAME: a signature of this very plan,\nfor 72 hours. NAME is that of the signer with this key. 'certfleet apply PLAN'\nfinds the signatures beside the plan. A plan that is too old, and a key of no\nsigner, are refused.",
	.needs = NEEDS_FLEET | NEEDS_ENGINE,
	.words_least = 1,
	.words_most = 1,
	.options = options,
	.options_size = sizeof(struct approve_options),
	.run = cmd_approve_run,
};
