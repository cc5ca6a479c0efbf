/* SPDX-License-Identifier: Apache-2.0 */
#include "report/status.h"

#include "base/clock.h"
#include "base/text.h"
#include "model/client_view.h"
#include "model/drift.h"
#include "model/hold.h"
#include "model/renewal.h"

#include <string.h>
#include <strings.h>

const char *const component_state_names[COMPONENT_STATE_COUNT + 1] = {
	[COMPONENT_ABSENT] = "absent",
	[COMPONENT_OUTDATED] = "outdated",
	[COMPONENT_STAGED] = "staged",
	[COMPONENT_RESTART_PENDING] = "restart-pending",
	[COMPONENT_IN_SYNC] = "in-sync",
	[COMPONENT_FAILED] = "failed",
	[COMPONENT_ROLLED_BACK] = "rolled-back",
	[COMPONENT_DEFERRED] = "deferred",
	[COMPONENT_INVALID] = "invalid",
	[COMPONENT_UNKNOWN] = "unknown",
	[COMPONENT_UNPROVEN] = "unproven",
	[COMPONENT_NOT_USED] = "not-used",
	[COMPONENT_AWAITING] = "awaiting-handoff",
};

/* ---- the state of a component ---- */

static bool status_is_same(const char *fingerprint, const struct generation *desired)
{
	return fingerprint && !strcmp(fingerprint, desired->fingerprint);
}

static bool is_installed(const struct component_seen *seen, const struct generation *desired)
{
	return !component_is_reverted(seen) &&
	       installed_drift(&seen->now, desired->fingerprint, desired->chain) == DRIFT_NONE;
}

/* When the installed pair is unknown, the served one is enough. */
static bool is_in_sync(const struct component_seen *seen, const struct generation *desired)
{
	return seen->now.evidence != EVIDENCE_NONE &&
	       served_drift(&seen->now, desired->fingerprint, desired->chain) == DRIFT_NONE &&
	       (!seen->now.installed || is_installed(seen, desired));
}

static bool is_rejected(const struct component_seen *seen, const struct generation *desired)
{
	for (size_t i = 0; i < seen->rejected_count; i++)
		if (status_is_same(seen->rejected[i], desired))
			return true;
	return false;
}

/* Neither port nor driver tells what it serves, and none of them failed to. */
static bool has_nothing_to_ask(const struct component *c, const struct component_seen *seen)
{
	const struct observation *now = &seen->now;

	return now->online && !now->served && !component_is_provable(c, seen) &&
	       (now->unverifiable || now->plain || !now->error);
}

/* Offline on purpose: by its role, or accepted by the user. */
static bool may_be_offline(const struct status_component *row)
{
	const struct component_seen *seen = row->seen;

	return seen && !seen->now.online &&
	       (component_offline(row->component) == OFFLINE_DEFER || seen->deferred_at);
}

/* Whether a change waits for it, by what was seen last. */
static bool has_something_left(const struct status_component *row)
{
	const struct component_seen *seen = row->seen;
	const struct generation *desired = row->desired;

	return !desired || !is_installed(seen, desired) || seen->activation_due ||
	       seen->deferred_at ||
	       served_drift(&seen->now, desired->fingerprint, desired->chain) == DRIFT_OTHER;
}

/* Whether it was reverted, and nothing has replaced the built-in certificate since. */
static bool is_builtin(const struct component_seen *seen)
{
	const char *served = seen->now.served;

	return seen->reverted_at &&
	       (!seen->reverted_to || !served || !*served || !strcmp(served, seen->reverted_to));
}

/* No client that does not know the built-in certificate already accepts it. */
static enum component_state builtin_state(const struct status_component *row)
{
	const struct component_seen *seen = row->seen;
	bool done = is_builtin(seen);

	if (seen->last_error)
		return COMPONENT_FAILED;
	if (!done && may_be_offline(row))
		return COMPONENT_DEFERRED;
	if (!done)
		return row->component->role->restart.when == RESTART_POSTPONED
			       ? COMPONENT_RESTART_PENDING
			       : COMPONENT_OUTDATED;
	if (!row->component->verify_count)
		return COMPONENT_UNPROVEN;
	return seen->reverted_to && text_equal(seen->reverted_to, seen->now.served)
		       ? COMPONENT_INVALID
		       : COMPONENT_UNKNOWN;
}

/* The state by the installed and staged pairs alone. */
static enum component_state installed_state(const struct status_component *row)
{
	const struct component_seen *seen = row->seen;
	const struct generation *desired = row->desired;
	bool proven = seen->now.evidence != EVIDENCE_NONE && seen->now.served;

	if (is_installed(seen, desired)) {
		if (proven || status_is_same(seen->activation_due, desired))
			return COMPONENT_RESTART_PENDING;
		return has_nothing_to_ask(row->component, seen) ? COMPONENT_UNPROVEN
								: COMPONENT_UNKNOWN;
	}
	if (status_is_same(seen->now.staged, desired))
		return row->component->deliver.kind == DRIVER_HANDOFF ? COMPONENT_AWAITING
								      : COMPONENT_STAGED;
	if (!seen->now.installed)
		return COMPONENT_UNKNOWN;
	return *seen->now.installed ? COMPONENT_OUTDATED : COMPONENT_ABSENT;
}

static enum component_state state_of(const struct status_component *row)
{
	const struct component_seen *seen = row->seen;
	const struct generation *desired = row->desired;

	if (!seen)
		return COMPONENT_UNKNOWN;
	if (row->component->certificate->builtin)
		return builtin_state(row);
	if (desired && is_in_sync(seen, desired))
		return row->refusal ? COMPONENT_INVALID : COMPONENT_IN_SYNC;
	if (desired && is_rejected(seen, desired) && seen->rollback == ROLLBACK_PROVEN &&
	    !status_is_same(seen->now.installed, desired))
		return COMPONENT_ROLLED_BACK;
	if (seen->last_error)
		return COMPONENT_FAILED;
	if (may_be_offline(row) && has_something_left(row))
		return COMPONENT_DEFERRED;
	if (desired)
		return installed_state(row);
	/* before the first generation of its certificate */
	if (!seen->now.installed)
		return COMPONENT_UNKNOWN;
	return *seen->now.installed ? COMPONENT_OUTDATED : COMPONENT_ABSENT;
}

/* ---- the rows ---- */

static void add_certificates(const struct fleet *f, const struct snapshot *s, struct status *out)
{
	for (size_t i = 0; i < f->certificate_count; i++) {
		const struct certificate *c = &f->certificates[i];
		struct status_certificate *row = &out->certificates[i];

		row->certificate = c;
		row->generation = desired_generation(s, c, out->now);
		if (c->import.kind == IMPORT_NONE && held_generation(s, c, out->now))
			row->held_until = row->generation->held_until;
		if (row->generation)
			row->renew_at = renewal_due_at(row->generation, c);
	}
	for (size_t i = 0; i < f->issuer_count; i++)
		out->certificates[f->certificate_count + i] = (struct status_certificate){
			.issuer = &f->issuers[i],
			.generation = snapshot_newest(s, OF_ISSUER, f->issuers[i].name),
		};
}

/* NULL before the deadline of what is served. */
static const char *deadline_reason(const struct snapshot *s, const struct component_seen *seen,
				   int64_t now, struct arena *a)
{
	const struct served_end end = renewal_served_end(s, seen);
	int64_t left = end.not_after - now;
	char words[DURATION_TEXT];

	if (!end.not_after || now < end.deadline)
		return NULL;
	return left > 0 ? arena_printf(a, "what it serves ends in %s", duration_about(left, words))
			: arena_printf(a, "what it serves ended %s ago",
				       duration_about(-left, words));
}

static void status_add_component(const struct snapshot *s, const struct component *c,
				 struct arena *a, struct status *out)
{
	struct status_component *row = &out->components[out->component_count++];
	const struct fleet *f = out->fleet;
	const struct issuer *issuer = c->certificate->issuer;
	char text[TIME_TEXT];
	/* the pointers of the model point into the arrays of the fleet */
	size_t at = (size_t)(c->certificate - f->certificates);

	row->component = c;
	row->seen = snapshot_component(s, c->name);
	row->desired = out->certificates[at].generation;
	if (row->desired)
		row->refusal = client_refusal(c, row->desired, out->now, a);
	if (c->certificate->builtin && row->seen && is_builtin(row->seen))
		row->refusal = arena_printf(
			a, "reverted to the built-in certificate at %s; that ended on 2019-03-07",
			time_format(row->seen->reverted_at, text));
	row->state = state_of(row);
	if (c->presence != PRESENCE_OPTIONAL && row->seen)
		row->deadline = deadline_reason(s, row->seen, out->now, a);
	if (row->state == COMPONENT_RESTART_PENDING || may_be_offline(row))
		row->late = row->deadline;
	out->certificates[at].used = true;
	if (issuer && issuer->kind == ISSUER_MANAGED)
		out->certificates[f->certificate_count + (size_t)(issuer - f->issuers)].used = true;
	if (row->seen && row->seen->now.observed_at &&
	    (!out->observed_at || row->seen->now.observed_at < out->observed_at))
		out->observed_at = row->seen->now.observed_at;
}

/* ---- agents ---- */

static bool status_is_named(const struct certificate *c, const char *name)
{
	for (size_t i = 0; i < c->name_count; i++) {
		const char *kind = name_kind_names[c->names[i].kind];
		size_t len = strlen(kind);

		if (!strncmp(name, kind, len) && name[len] == ':' &&
		    !strcmp(name + len + 1, c->names[i].value))
			return true;
	}
	return false;
}

static bool is_delivered_from(const struct fleet *f, const char *url_begin)
{
	for (size_t i = 0; i < f->component_count; i++) {
		const struct deliver *d = &f->components[i].deliver;

		if (d->kind == DRIVER_AGENT &&
		    !strncasecmp(d->agent.url, url_begin, strlen(url_begin)))
			return true;
	}
	return false;
}

static bool is_used(const struct fleet *f, const struct enrolled *agent, struct arena *a)
{
	for (size_t i = 0; i < agent->name_count; i++) {
		const char *host = strchr(agent->names[i], ':');

		if (host &&
		    is_delivered_from(
			    f,
			    arena_printf(a, strchr(host + 1, ':') ? "https://[%s]:" : "https://%s:",
					 host + 1)))
			return true;
	}
	return false;
}

static const struct component *renews(const struct fleet *f, const struct enrolled *agent)
{
	for (size_t i = 0; i < f->component_count; i++) {
		const struct component *c = &f->components[i];

		for (size_t k = 0; deliver_renews_agent(&c->deliver) && k < agent->name_count; k++)
			if (status_is_named(c->certificate, agent->names[k]))
				return c;
	}
	return NULL;
}

/* True when the agent has reported another certificate since. */
static bool is_replaced(const struct status *s, const struct enrolled *agent,
			const struct component *renewing)
{
	for (size_t i = 0; i < s->component_count; i++) {
		const struct component_seen *seen = s->components[i].seen;

		if (s->components[i].component == renewing)
			return seen && seen->now.installed && *seen->now.installed &&
			       strcmp(seen->now.installed, agent->fingerprint) != 0;
	}
	return false;
}

/* Adds the latest enrolment of each agent. */
static void add_agents(const struct fleet *f, const struct snapshot *s, struct arena *a,
		       struct status *out)
{
	out->agents = arena_array(a, s->agent_count, sizeof(*out->agents));
	for (size_t i = 0; i < s->agent_count; i++) {
		const struct enrolled *agent = &s->agents[i];
		const struct component *by = renews(f, agent);

		if (i + 1 < s->agent_count && !strcmp(agent->agent, s->agents[i + 1].agent))
			continue;
		out->agents[out->agent_count++] = (struct status_agent){
			.enrolled = agent,
			.left = agent->not_after - out->now,
			.renewed_by = by,
			.replaced = is_replaced(out, agent, by),
			.used = is_used(f, agent, a),
		};
	}
}

void status_make(const struct fleet *f, const struct snapshot *s, int64_t now, struct arena *a,
		 struct status *out)
{
	*out = (struct status){
		.fleet = f,
		.now = now,
		.certificate_count = f->certificate_count + f->issuer_count,
	};
	out->certificates = arena_array(a, out->certificate_count, sizeof(*out->certificates));
	out->components =
		arena_array(a, f->component_count + f->absent_count, sizeof(*out->components));
	add_certificates(f, s, out);
	for (size_t i = 0; i < f->component_count; i++)
		status_add_component(s, &f->components[i], a, out);
	for (size_t i = 0; i < f->absent_count; i++)
		out->components[out->component_count++] = (struct status_component){
			.component = &f->absent[i],
			.state = COMPONENT_NOT_USED,
		};
	add_agents(f, s, a, out);
	for (size_t i = 0; i < out->certificate_count; i++) {
		struct status_certificate *row = &out->certificates[i];

		if (row->generation)
			row->left = row->generation->not_after - now;
	}
}

size_t status_postponed(const struct status *s)
{
	size_t count = 0;

	for (size_t i = 0; i < s->component_count; i++) {
		const struct status_component *c = &s->components[i];

		count += c->state == COMPONENT_RESTART_PENDING &&
			 c->component->role->restart.when == RESTART_POSTPONED;
	}
	return count;
}

/* ---- status --check ---- */

static bool is_good(const struct status_component *c, bool strict)
{
	switch (c->state) {
	case COMPONENT_IN_SYNC:
	case COMPONENT_NOT_USED:
		return true;
	case COMPONENT_UNPROVEN:
		return !strict;
	case COMPONENT_DEFERRED:
		return !strict && !c->late;
	case COMPONENT_UNKNOWN:
		return !strict && !c->late && may_be_offline(c);
	case COMPONENT_RESTART_PENDING:
		return !strict && !c->late && (!c->planned || c->waits);
	case COMPONENT_ABSENT:
	case COMPONENT_OUTDATED:
	case COMPONENT_STAGED:
		return !strict && c->waits && !c->late && !c->problems.count;
	case COMPONENT_AWAITING:
	case COMPONENT_INVALID:
	case COMPONENT_FAILED:
	case COMPONENT_ROLLED_BACK:
	case COMPONENT_STATE_COUNT:
		return false;
	}
	return false;
}

static const char *check_reason(const struct status_component *c)
{
	if (c->state == COMPONENT_INVALID)
		return c->refusal;
	if (c->state == COMPONENT_UNKNOWN && c->seen && !c->late)
		return c->seen->now.error;
	if (c->late)
		return c->late;
	return c->problems.count ? c->problems.items[0].message : c->waits_reason;
}

static bool status_check_components(const struct status *s, bool strict, struct buf *why)
{
	bool good = true;

	for (size_t i = 0; i < s->component_count; i++) {
		const struct status_component *c = &s->components[i];
		const char *name = c->component->name;
		const char *reason = check_reason(c);

		if (is_good(c, strict))
			continue;
		good = false;
		buf_putc(why, '\'');
		text_escape(why, name, strlen(name));
		buf_printf(why, "' is %s", component_state_names[c->state]);
		if (reason) {
			buf_puts(why, ": ");
			text_escape(why, reason, strlen(reason));
		}
		buf_putc(why, '\n');
	}
	return good;
}

struct ending {
	const char *what;
	const char *name;
	int64_t not_after;
};

static void add_ending(const struct status *s, const struct ending *of, struct buf *why)
{
	int64_t left = of->not_after - s->now;
	char words[DURATION_TEXT];

	buf_printf(why, "%s '", of->what);
	text_escape(why, of->name, strlen(of->name));
	if (left > 0)
		buf_printf(why, "' ends in %s\n", duration_about(left, words));
	else
		buf_printf(why, "' ended %s ago\n", duration_about(-left, words));
}

static bool status_check_certificates(const struct status *s, int64_t within, struct buf *why)
{
	bool good = true;

	for (size_t i = 0; i < s->certificate_count; i++) {
		const struct status_certificate *c = &s->certificates[i];
		struct ending of = { "issuer", NULL, 0 };

		if (!c->used || !c->generation || generation_end(c->generation) - s->now >= within)
			continue;
		of.name = c->certificate ? c->certificate->name : c->issuer->name;
		of.not_after = generation_end(c->generation);
		if (c->certificate)
			of.what = of.not_after < c->generation->not_after
					  ? "the chain of certificate"
					  : "certificate";
		add_ending(s, &of, why);
		good = false;
	}
	return good;
}

/* A renewed one is checked as the certificate of its component. */
static bool status_check_agents(const struct status *s, int64_t within, struct buf *why)
{
	bool good = true;

	for (size_t i = 0; i < s->agent_count; i++) {
		const struct enrolled *agent = s->agents[i].enrolled;
		const struct ending of = { "the certificate of agent", agent->agent,
					   agent->not_after };

		if (!s->agents[i].used || s->agents[i].renewed_by ||
		    agent->not_after - s->now >= within)
			continue;
		add_ending(s, &of, why);
		good = false;
	}
	return good;
}

bool status_check(const struct status *s, const struct check *c, struct buf *why)
{
	bool components = status_check_components(s, c->strict, why);
	bool certificates = status_check_certificates(s, c->within, why);

	return status_check_agents(s, c->within, why) && components && certificates;
}
