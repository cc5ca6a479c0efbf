/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/text.h"
#include "model/activation.h"
#include "model/client_view.h"
#include "model/renewal.h"
#include "model/version.h"
#include "plan/component_steps.h"
#include "plan/precondition.h"
#include "plan/preconditions.h"

#include <inttypes.h>
#include <string.h>

enum {
	RESTART_MARGIN = 7 * 24 * 3600, /* seconds before the end, from which it is told */
};

static void check_outdated(struct plan_builder *d, const struct component_build *c)
{
	const struct certificate_build *used = c->certificate;

	if (c->in_scope || !used->in_scope || used->job == CERTIFICATE_KEEP)
		return;
	precondition_add_component(
		d, c, CODE_LEFT_OUTDATED,
		arena_printf(d->kept,
			     "'%s' is issued again, but this component is outside of --target",
			     used->name));
}

/* "what it serves ends in 5 days" */
static const char *served_ends(struct plan_builder *d, int64_t not_after)
{
	int64_t left = not_after - d->in->at;
	char text[DURATION_TEXT];

	duration_about(left < 0 ? -left : left, text);
	return left > 0 ? arena_printf(d->kept, "the certificate it serves expires in %s", text)
			: arena_printf(d->kept, "the certificate it serves expired %s ago", text);
}

/*
 * What defers a component that is offline does not let its certificate end: an
 * apply says so, although all else goes on.
 */
static void block_deferred(struct plan_builder *d, const struct component_build *c,
			   struct precondition_spec *f)
{
	const struct served_end end = renewal_served_end(d->snapshot, c->seen);

	if (f->severity != SEVERITY_INFO || !end.not_after || d->in->at < end.deadline ||
	    c->component->presence == PRESENCE_OPTIONAL)
		return;
	f->severity = SEVERITY_BLOCK;
	f->alone = true;
	f->message = arena_printf(d->kept, "%s, and %s", f->message, served_ends(d, end.not_after));
	if (!f->remedy)
		f->remedy = "bring it back";
}

static void check_online(struct plan_builder *d, const struct component_build *c)
{
	static const enum severity severities[] = {
		[OFFLINE_BLOCK] = SEVERITY_BLOCK,
		[OFFLINE_ACKNOWLEDGE] = SEVERITY_ACKNOWLEDGE,
		[OFFLINE_DEFER] = SEVERITY_INFO,
	};
	const char *why = c->seen->now.error ? c->seen->now.error : "it was not reached";

	if (c->seen->now.online || c->seen->now.no_secret)
		return;

	struct precondition_spec f = precondition_of_component(c, CODE_OFFLINE, false);

	precondition_split(d, why, &f);
	if (c->unreachable)
		f.severity = severities[component_offline(c->component)];
	else if (!f.remedy)
		f.remedy = "bring it back";
	f.message = arena_printf(d->kept, "%s; %s", f.message,
				 c->unreachable ? "it needs a change"
						: "it was as wanted when it was last seen");
	if (c->unreachable)
		block_deferred(d, c, &f);
	precondition_add(d, &f);
}

static void check_returned(struct plan_builder *d, const struct component_build *c)
{
	if (c->component->appmon.kind == APPMON_COLLECTOR && c->seen->deferred_at &&
	    c->seen->now.online && c->wanted.write)
		precondition_add_component(
			d, c, CODE_RETURNED,
			"it was offline when its pair was changed, and is back with the former one");
}

static void check_missing_secret(struct plan_builder *d, const struct component_build *c)
{
	struct precondition_spec f =
		precondition_of_component(c, CODE_SECRET_MISSING, component_has_step(c));

	if (!c->seen->now.no_secret)
		return;
	precondition_split(d, c->seen->now.no_secret, &f);
	precondition_add(d, &f);
}

/* Also where this plan has no step for it: the restart is what is waited for. */
static void check_restart(struct plan_builder *d, const struct component_build *c)
{
	struct served_end end = { 0 };

	if (c->postponed)
		end = renewal_served_end(d->snapshot, c->seen);
	if (!end.not_after || end.not_after - d->in->at > RESTART_MARGIN)
		return;

	struct precondition_spec f = precondition_of_component(c, CODE_EXPIRES_BEFORE_RESTART,
							       d->in->at >= end.deadline);

	f.message = arena_printf(d->kept, "%s, and its restart is postponed",
				 served_ends(d, end.not_after));
	precondition_add(d, &f);
}

static void check_rejected(struct plan_builder *d, const struct component_build *c)
{
	const char *desired = c->certificate->fingerprint;

	if (!desired || !(c->write || c->activate) || !component_has_rejected(c, desired))
		return;
	precondition_add_component(d, c, CODE_ROLLED_BACK,
				   arena_printf(d->kept,
						"%s failed there before and was rolled back",
						builder_short(d, desired)));
}

/* The lines that a program printed are the items. */
static void check_failed(struct plan_builder *d, const struct component_build *c)
{
	const char *why = c->seen->last_error;
	struct precondition_spec f = precondition_of_component(c, CODE_FAILED_BEFORE, true);
	const char *address = component_address(c->component);
	VEC(const char *) lines = { 0 };
	size_t len = 0;

	if (!why || !c->seen->now.online || !component_wants(c))
		return;
	for (const char *line = strchr(why, '\n'); line; line = strchr(line, '\n')) {
		line++;
		VEC_PUSH(&lines, d->kept, arena_strndup(d->kept, line, strcspn(line, "\n")));
	}
	len = strcspn(why, "\n");
	if (lines.count && len && why[len - 1] == ':')
		len--;
	f.message = arena_printf(d->kept, "the last run failed there%s%s: %.*s",
				 address ? ", at " : "", address ? address : "", (int)len, why);
	f.items = lines.items;
	f.item_count = lines.count;
	precondition_add(d, &f);
}

static void component_precondition_check_writable(struct plan_builder *d,
						  const struct component_build *c)
{
	if (!c->seen->now.unwritable || !c->seen->now.online)
		return;

	struct precondition_spec f = precondition_of_component(c, CODE_TARGET_UNWRITABLE, c->write);

	precondition_split(d, c->seen->now.unwritable, &f);
	precondition_add(d, &f);
}

static void check_left(struct plan_builder *d, const struct component_build *c)
{
	const struct component_seen *seen = c->seen;
	const char **items = arena_array(d->kept, seen->left_count, sizeof(*items));
	struct precondition_spec f = precondition_of_component(c, CODE_PATH_LEFT, true);

	if (!seen->left_count)
		return;
	for (size_t i = 0; i < seen->left_count; i++)
		items[i] = builder_keep(d, seen->left[i]);
	f.message = arena_printf(d->kept, "what is at its former paths%s%s stays",
				 seen->left_host ? " on " : "",
				 seen->left_host ? text_escaped(&d->scratch, seen->left_host) : "");
	f.items = items;
	f.item_count = seen->left_count;
	precondition_add(d, &f);
}

static void add_activation(struct plan_builder *d, const struct component_build *c, enum code code,
			   const char *text)
{
	struct precondition_spec f =
		precondition_of_component(c, code, (c->activate || c->revert) && !c->postponed);

	precondition_split(d, text, &f);
	precondition_add(d, &f);
}

/* A port at which no handshake can be completed. */
static void check_verifiable(struct plan_builder *d, const struct component_build *c)
{
	if (c->seen->now.online && c->seen->now.unverifiable)
		precondition_add_component(d, c, CODE_UNVERIFIABLE,
					   text_escaped(d->kept, c->seen->now.unverifiable));
	if (c->seen->now.online && c->seen->now.plain)
		precondition_add_component(d, c, CODE_PLAIN,
					   text_escaped(d->kept, c->seen->now.plain));
}

/* Committed all the same, unless the fleet file says otherwise. */
static void add_not_running(struct plan_builder *d, const struct component_build *c)
{
	struct precondition_spec f = precondition_of_component(c, CODE_NOT_RUNNING, true);

	if (c->component->must_run && c->write)
		f.severity = SEVERITY_BLOCK;
	f.message = text_escaped(d->kept, c->seen->now.not_running);
	precondition_add(d, &f);
}

/* What is accepted is the message; it has no remedy of its own. */
static void add_doubt(struct plan_builder *d, const struct component_build *c)
{
	struct precondition_spec f =
		precondition_of_component(c, CODE_PIDFILE_DOUBTFUL, c->activate && !c->postponed);

	f.message = builder_keep(d, c->seen->now.doubt);
	precondition_add(d, &f);
}

/* Also where it is offline for that reason: the remedy is the account's. */
static void check_denied(struct plan_builder *d, const struct component_build *c)
{
	const char *denied = c->seen->now.denied;
	bool deferred = c->unreachable && component_offline(c->component) == OFFLINE_DEFER;
	struct precondition_spec f =
		precondition_of_component(c, CODE_NOT_RESTARTABLE, c->wanted.activate && !deferred);

	if (c->component->activate.kind != ACTIVATE_APPMON || !denied)
		return;
	precondition_split(d, denied, &f);
	precondition_add(d, &f);
}

/* A role whose processes are restarted in any case, and a component that says not how. */
static void check_restartable(struct plan_builder *d, const struct component_build *c)
{
	struct precondition_spec f =
		precondition_of_component(c, CODE_NOT_RESTARTABLE, c->wanted.activate);

	if (!c->component->role->must_restart ||
	    component_activation(c->component, c->seen) != ACTIVATION_NONE)
		return;
	f.message = "its role is restarted in any case, but it has no 'activate'";
	f.remedy = "give it one that restarts it";
	precondition_add(d, &f);
}

/* The process that is to be activated: whether it can be, and is the one that is meant. */
static void check_activation(struct plan_builder *d, const struct component_build *c)
{
	const struct observation *now = &c->seen->now;

	if (c->component->no_restart && (c->activate || c->revert) && !c->postponed)
		add_activation(
			d, c, CODE_NOT_RESTARTABLE,
			"'restartable: false' says that it must not be activated; take that away when it may");
	check_restartable(d, c);
	check_denied(d, c);
	if (!now->online)
		return;
	if (c->not_running)
		add_not_running(d, c);
	else if (now->not_running && c->activate)
		add_activation(d, c, CODE_NOT_RESTARTABLE,
			       arena_printf(&d->scratch,
					    "its port answers, but %s; correct the pidfile",
					    now->not_running));
	if (now->untrusted)
		add_activation(d, c, CODE_NOT_RESTARTABLE, now->untrusted);
	else if (now->doubt)
		add_doubt(d, c);
}

static void component_precondition_check_version(struct plan_builder *d,
						 const struct component_build *c)
{
	const char *minimum = c->component->role->version_minimum;
	const char *seen = c->seen->now.version;
	const char *version = seen ? version_in(seen, &d->scratch) : NULL;

	/* a store is cleared by a command, whatever the version */
	if (!minimum || c->certificate->certificate->builtin)
		return;
	if (version && version_compare(version, minimum) < 0)
		precondition_add_component(d, c, CODE_VERSION_TOO_OLD,
					   arena_printf(d->kept,
							"it is %s, its role wants %s or newer",
							text_escaped(&d->scratch, version),
							text_escaped(&d->scratch, minimum)));
	/* An offline component has its own precondition, and one that was never
	 * observed has none. */
	if (!version && c->seen->now.online && c->seen->now.observed_at)
		precondition_add_component(
			d, c, CODE_VERSION_UNKNOWN,
			arena_printf(d->kept, "its version is unknown, its role wants %s or newer",
				     text_escaped(&d->scratch, minimum)));
}

/* The component has orders that this state does not know. */
static void check_orders(struct plan_builder *d, const struct component_build *c)
{
	const struct component_seen *seen = c->seen;
	struct precondition_spec f =
		precondition_of_component(c, CODE_STATE_BEHIND, component_has_step(c));

	if (seen->now.order_taken <= seen->order_given)
		return;
	f.message = arena_printf(
		d->kept, "it has taken order %" PRId64 ", the newest of this state is %" PRId64,
		seen->now.order_taken, seen->order_given);
	if (seen->restored) {
		f.severity = SEVERITY_INFO;
		f.message = arena_printf(d->kept, "%s, since that was restored", f.message);
		f.remedy = "nothing is to do: orders go on above that number";
	}
	precondition_add(d, &f);
}

/* Two states that deliver to one component would undo each other's work. */
static void component_precondition_check_owner(struct plan_builder *d,
					       const struct component_build *c)
{
	const char *from = c->seen->now.order_from;

	if (from && strcmp(from, d->snapshot->lineage) != 0)
		precondition_add_component(
			d, c, CODE_ADOPT,
			arena_printf(d->kept,
				     "the state with lineage %.8s delivered to it, not this one",
				     text_escaped(&d->scratch, from)));
}

/* What the names and purpose of the desired certificate do not cover. */
static void check_ports(struct plan_builder *d, const struct component_build *c)
{
	const struct generation *g = c->certificate->desired;
	const char *refusal = g ? refusal_by_ports(c->component, g, d->kept) : NULL;

	if (refusal)
		precondition_add_component(d, c, CODE_INVALID, refusal);
}

static void check_moved(struct plan_builder *d, const struct component_build *c)
{
	const struct plan_input *in = d->in;
	const struct moved_component *moved =
		text_find(c->name, in->moved, in->moved_count, sizeof(*in->moved));
	struct precondition_spec f = precondition_of_component(c, CODE_MOVED, true);

	if (!moved)
		return;
	f.message = builder_keep(d, moved->why);
	precondition_add(d, &f);
}

void precondition_component(struct plan_builder *d, const struct component_build *c)
{
	check_outdated(d, c);
	if (!c->in_scope)
		return;
	check_moved(d, c);
	check_online(d, c);
	check_returned(d, c);
	check_missing_secret(d, c);
	check_restart(d, c);
	check_rejected(d, c);
	check_failed(d, c);
	check_ports(d, c);
	component_precondition_check_writable(d, c);
	check_left(d, c);
	check_activation(d, c);
	check_verifiable(d, c);
	component_precondition_check_version(d, c);
	check_orders(d, c);
	component_precondition_check_owner(d, c);
}
