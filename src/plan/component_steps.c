/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/component_steps.h"

#include "base/text.h"
#include "model/drift.h"
#include "plan/acks.h"
#include "plan/awaited.h"
#include "plan/left_out.h"

#include <string.h>

/* By what is installed, then by what is served. */
static const struct need needs[DRIFT_COUNT][DRIFT_COUNT] = {
	[DRIFT_NONE] = {
		[DRIFT_NONE] = { 0 },
		[DRIFT_OTHER] = { .activate = true, .verify = true },
		[DRIFT_UNKNOWN] = { .verify = true },
	},
	[DRIFT_OTHER] = {
		[DRIFT_NONE] = { .write = true, .verify = true },
		[DRIFT_OTHER] = { true, true, true },
		[DRIFT_UNKNOWN] = { true, true, true },
	},
	[DRIFT_ATTRIBUTES] = {
		[DRIFT_NONE] = { .write = true, .verify = true },
		[DRIFT_OTHER] = { true, true, true },
		[DRIFT_UNKNOWN] = { .write = true, .verify = true },
	},
	[DRIFT_UNKNOWN] = {
		[DRIFT_NONE] = { 0 },
		[DRIFT_OTHER] = { true, true, true },
		[DRIFT_UNKNOWN] = { true, true, true },
	},
};

static bool is_desired(const struct component_build *c, const char *fingerprint)
{
	const char *desired = c->certificate->fingerprint;

	return desired && fingerprint && !strcmp(desired, fingerprint);
}

/* "what is installed is unknown: permission denied" */
static const char *unknown_reason(struct plan_builder *d, const struct component_build *c,
				  const char *what)
{
	if (!c->seen->now.error)
		return what;
	return arena_printf(d->kept, "%s: %s", what, text_escaped(&d->scratch, c->seen->now.error));
}

/* "7f50b0ca -> c8b9e21a" */
static const char *old_to_new(struct plan_builder *d, const struct component_build *c,
			      const char *old)
{
	const char *desired = c->certificate->fingerprint;

	return arena_printf(d->kept, "%s -> %s", builder_short(d, old),
			    desired ? builder_short(d, desired) : "a new one");
}

static const char *write_reason(struct plan_builder *d, const struct component_build *c)
{
	const char *installed = c->seen->now.installed;

	if (c->component->deliver.kind == DRIVER_HANDOFF)
		return awaited_reason(d, c);
	if (!installed)
		return unknown_reason(d, c, "what is installed is unknown");
	if (!*installed)
		return "nothing is installed";
	if (component_is_reverted(c->seen))
		return "it was reverted to the built-in certificate";
	if (!is_desired(c, installed))
		return arena_printf(d->kept, "installed %s", old_to_new(d, c, installed));
	if (c->seen->now.damage)
		return text_escaped(d->kept, c->seen->now.damage);
	if (c->seen->now.attr_flaw && installed_drift(&c->seen->now, c->certificate->fingerprint,
						      c->certificate->chain) == DRIFT_ATTRIBUTES)
		return text_escaped(d->kept, c->seen->now.attr_flaw);
	return "the installed chain is not the certificate's";
}

static const char *serve_reason(struct plan_builder *d, const struct component_build *c)
{
	const char *served = c->seen->now.served;

	if (!served && c->wanted.activate && !is_desired(c, c->seen->activation_due))
		return unknown_reason(d, c,
				      "nothing listens at its port, installed is already right");
	if (!served && c->wanted.activate)
		return "an earlier run committed it without activating it";
	if (!served)
		return unknown_reason(d, c, "what it serves is unknown");
	if (!*served)
		return "serves nothing, installed is already right";
	if (is_desired(c, served) && c->seen->now.served_flaw)
		return text_escaped(d->kept, c->seen->now.served_flaw);
	return arena_printf(d->kept, "serves %s, installed is already right",
			    old_to_new(d, c, served));
}

/* No process, and nothing that answers in its place. */
static bool component_is_down(const struct observation *now)
{
	return now->online && now->not_running && (!now->served || !*now->served);
}

/* Nothing listens, no process is known, and the activation brings one. */
static bool may_be_started(const struct component_build *c)
{
	return c->seen->now.refused && !c->seen->now.not_running &&
	       component_starts(c->component, c->seen);
}

static bool is_postponed(const struct plan_builder *d, const struct component *c)
{
	return c->role->restart.when == RESTART_POSTPONED && !d->in->choices.restart_postponed;
}

/*
 * Whether a roll back that began is to be finished.  A new pair takes the place of the
 * rejected one instead, an acknowledgement says to try that once more, and a pair of
 * somebody else's is no part of it.
 */
static bool is_put_back(struct plan_builder *d, const struct component_build *c)
{
	const struct component_seen *seen = c->seen;
	const struct subject subject = component_subject(c->component);
	const char *installed = seen->now.installed;
	const char *desired = c->certificate->fingerprint;

	return seen->rollback == ROLLBACK_BEGUN && seen->replaced && installed && desired &&
	       component_has_rejected(c, desired) &&
	       (!strcmp(installed, seen->replaced) || component_has_rejected(c, installed)) &&
	       !acks_given(d, CODE_ROLLED_BACK, c->name, &subject) &&
	       !acks_stand(d, CODE_ROLLED_BACK, c->name, &subject);
}

/* Needs no step as long as it is offline; that is remembered. */
static void leave_unreachable(struct plan_builder *d, struct component_build *c)
{
	if (c->seen->now.online || c->seen->now.no_secret)
		return;
	c->unreachable = true;
	leave_component(c, accepted_cause(d, CODE_OFFLINE, c->name));
}

/* Reason to clear its stores; NULL: it was reverted, and serves what it did then. */
static const char *revert_reason(struct plan_builder *d, const struct component_build *c)
{
	const struct component_seen *seen = c->seen;
	const char *served = seen->now.served;

	if (text_equal(seen->activation_due, BUILTIN_PAIR))
		return "an earlier run began to revert it";
	if (!seen->reverted_at)
		return "it was not reverted to the built-in certificate yet";
	/* without a proof yet, any leaf that the state does not know may be the built-in one */
	if (!served || !*served ||
	    (seen->reverted_to ? !strcmp(served, seen->reverted_to)
			       : !snapshot_generation(d->snapshot, served)))
		return NULL;
	return arena_printf(d->kept, "it serves %s, not the built-in certificate",
			    builder_short(d, served));
}

static void decide_builtin(struct plan_builder *d, struct component_build *c)
{
	const char *reason = revert_reason(d, c);
	bool postponed = is_postponed(d, c->component);
	bool unproven = !c->seen->reverted_to && c->seen->reverted_at;

	c->postponed = reason && postponed;
	c->wanted.revert = reason && !postponed;
	c->wanted.verify =
		(c->wanted.revert || unproven) && component_is_provable(c->component, c->seen);
	c->reason = reason ? reason : "nothing has shown yet that its revert took effect";
	if (component_wants(c))
		leave_unreachable(d, c);
}

static void decide_component_steps(struct plan_builder *d, struct component_build *c)
{
	if (c->certificate->certificate->builtin) {
		decide_builtin(d, c);
		return;
	}

	const char *desired = c->certificate->fingerprint;
	const char *chain = c->certificate->chain;
	enum drift served = served_drift(&c->seen->now, desired, chain);
	enum drift installed = component_is_reverted(c->seen)
				       ? DRIFT_OTHER
				       : installed_drift(&c->seen->now, desired, chain);
	struct need need = needs[installed][served];
	bool postponed = is_postponed(d, c->component);

	if (installed >= DRIFT_ATTRIBUTES && served == DRIFT_UNKNOWN)
		need.activate = is_desired(c, c->seen->activation_due) || may_be_started(c);
	if (c->component->deliver.kind == DRIVER_HANDOFF)
		need = awaited_need(d, c, served, need);
	c->not_running = (need.activate || need.verify) && component_is_down(&c->seen->now);
	if (c->not_running)
		need.activate = need.verify = false;
	c->postponed = need.activate && postponed;
	need.activate &= !postponed;
	need.verify &= !postponed && component_is_provable(c->component, c->seen);
	c->wanted = need;
	if (is_put_back(d, c)) {
		c->wanted = (struct need){ .put_back = true };
		c->postponed = c->awaits = false;
	}
	if (!component_wants(c))
		return;
	c->reason = c->wanted.put_back ? "an earlier run began to take its pair back"
		    : c->wanted.write  ? write_reason(d, c)
				       : serve_reason(d, c);
	leave_unreachable(d, c);
}

void component_steps_decide(struct plan_builder *d)
{
	for (size_t i = 0; i < d->fleet->component_count; i++)
		if (d->components[i].in_scope)
			decide_component_steps(d, &d->components[i]);
}

/* A process goes back as a whole, before anything new is done to it. */
static bool process_is_put_back(const struct process_build *p)
{
	for (size_t i = 0; i < p->member_count; i++)
		if (p->members[i]->wanted.put_back && !p->members[i]->left)
			return true;
	return false;
}

static bool is_handed_over(const struct component_build *c)
{
	return c->component->deliver.kind == DRIVER_HANDOFF && !c->awaits;
}

/* The members of a process agree on how it is activated. */
static void decide_process_steps(struct process_build *p)
{
	bool goes_back = process_is_put_back(p);

	p->activator = NULL;
	for (size_t k = 0; k < p->member_count; k++) {
		struct component_build *c = p->members[k];
		const struct need none = { 0 };
		struct need need = c->left ? none : c->wanted;

		if (c->held) /* staged, or what was said is recorded, and no more */
			need = (struct need){ .write = need.write &&
						       (is_handed_over(c) ||
							!is_desired(c, c->seen->now.staged)) };
		if (goes_back)
			need = (struct need){ .put_back = need.put_back };
		c->put_back = need.put_back;
		c->write = need.write;
		c->activate = false;
		c->revert = need.revert;
		c->verify = need.verify;
		if (!p->activator && need.activate &&
		    component_activation(c->component, c->seen) != ACTIVATION_NONE)
			p->activator = c;
	}
	if (!p->activator)
		return;
	p->activator->activate = true;
	for (size_t k = 0; k < p->member_count; k++) {
		struct component_build *c = p->members[k];

		if (c->in_scope && c->seen->now.online && !c->left && !c->held)
			c->verify = component_is_provable(c->component, c->seen);
	}
}

void process_steps_decide(struct plan_builder *d)
{
	for (size_t i = 0; i < d->process_count; i++)
		decide_process_steps(&d->processes[i]);
}

bool component_wants(const struct component_build *c)
{
	return c->wanted.write || c->wanted.activate || c->wanted.verify || c->wanted.revert ||
	       c->wanted.put_back;
}

bool component_commits(const struct component_build *c)
{
	return c->write && (!c->held || is_handed_over(c));
}

bool component_has_step(const struct component_build *c)
{
	return c->write || c->activate || c->verify || c->revert || c->put_back;
}

bool component_has_rejected(const struct component_build *c, const char *fingerprint)
{
	const struct component_seen *seen = c->seen;

	return text_find(fingerprint, seen->rejected, seen->rejected_count,
			 sizeof(*seen->rejected)) != NULL;
}
