/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/install_half.h"

#include "agent/agent_identity.h"
#include "agent/order_log.h"
#include "base/child.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/text.h"
#include "install/activate.h"
#include "install/install.h"
#include "pki/foreign.h"
#include "pki/pair.h"
#include "pki/tls.h"

#include <string.h>

enum {
	VERSION_MS = 5000,
	VERSION_ROOM = 4096,
};

/* ---- inspection ---- */

static const char *execute_records(const struct agent_config *c, struct arena *a)
{
	return arena_printf(a, "%s/activations", c->state);
}

/* The pair of an activation that outlived the agent that began it, and succeeded. */
static const char *outlived_activation(const struct agent_config *c,
				       const struct agent_component *component, struct arena *a)
{
	struct activation_record r = { 0 };
	bool done = activation_record_read(execute_records(c, a), component->name, a, &r) &&
		    r.end == ACTIVATION_DONE;

	return done ? r.order.fingerprint : NULL;
}

void component_inspect(const struct agent_config *c, const struct agent_component *component,
		       struct arena *a, struct component_report *out)
{
	struct order_record last = { 0 };
	struct err e = { 0 };

	*out = (struct component_report){
		.name = component->name,
		.activation = agent_identity_is(c, component)
				      ? ACTIVATION_SWAP
				      : activate_activation(&component->activate),
	};
	install_probe(&component->install, a, &out->seen);
	if (!order_log_read(c, component->name, a, &last, &e)) {
		out->seen.unwritable = arena_strdup(a, e.text);
		return;
	}
	out->seen.order_from = last.lineage;
	out->seen.order_taken = last.sequence;
	out->seen.activated = last.end == ORDER_END_ACTIVATED
				      ? last.fingerprint
				      : outlived_activation(c, component, a);
	if (component->activate.kind != ACTIVATE_UNIT)
		activate_inspect(&component->activate, order_record_executable(&last), a,
				 &out->seen);
}

/* The first line of a file or of a command's output; NULL: none. */
static const char *execute_version_of(const struct agent_version *v, struct arena *a)
{
	AUTO(buf) text = { 0 };
	struct err ignored = { 0 };
	const struct child command = { .argv = v->argv, .timeout_ms = VERSION_MS };
	bool found = false;
	size_t len = 0;

	switch (v->kind) {
	case VERSION_NONE:
		return NULL;
	case VERSION_TEXT:
		return v->text;
	case VERSION_FILE:
		found = fs_read(v->text, VERSION_ROOM, &text, &ignored);
		break;
	case VERSION_COMMAND:
		found = child_run(&command, &text, &ignored);
		break;
	}
	len = found ? strcspn(buf_text(&text), "\r\n") : 0;
	return len ? arena_strndup(a, buf_text(&text), len) : NULL;
}

/*
 * As in the engine: served is the fingerprint that all ports serve, or the deviating
 * one.  The ports are asked for the installed pair.
 */
void component_inspect_running(const struct agent_component *c, struct arena *a,
			       struct component_report *out)
{
	struct tls_probe *probes = arena_array(a, c->check_count, sizeof(*probes));
	struct cert_facts facts = { 0 };
	struct client_view names = { 0 };
	struct err e = { 0 };

	if (c->check_count && out->seen.leaf.len && foreign_cert(out->seen.leaf, a, &facts, &e))
		names = (struct client_view){ .names = facts.names,
					      .name_count = facts.name_count };
	out->seen.version = execute_version_of(&c->version, a);
	if (c->activate.kind == ACTIVATE_UNIT)
		activate_inspect(&c->activate, NULL, a, &out->seen);
	if (out->seen.activation)
		(void)!activation_named(out->seen.activation, &out->activation);
	for (size_t i = 0; i < c->check_count; i++)
		probes[i] = tls_probe_of(&c->check[i], facts.key, &names);
	if (!c->check_count || !tls_probe_all(probes, c->check_count, a, &e))
		return;

	struct tls_served all = tls_served_by_all(probes, c->check_count, out->seen.installed);

	out->seen.served = all.leaf.fingerprint;
	if (all.error)
		out->seen.error = all.error;
}

/* ---- orders ---- */

static bool execute_reject(struct problem *p, enum problem_kind kind, const char *detail)
{
	*p = (struct problem){ kind, detail };
	return false;
}

static bool execute_failed(struct problem *p, const struct err *e, struct arena *a)
{
	return execute_reject(p, problem_of(e->code), arena_strdup(a, e->text));
}

/*
 * Written before anything is changed.  `executable` is that of the process that
 * was signalled now, NULL when none was.  A commit other than a rollback proves
 * that the previous pair was good, and so was the process that loaded it.
 */
static bool execute_remember(const struct order_execution *d, enum order_end end,
			     const char *executable, struct arena *a, struct problem *p)
{
	const struct order *o = &d->checked->order;
	const struct order_record *before = &d->checked->before;
	struct order_record now = { .lineage = o->lineage,
				    .sequence = o->sequence,
				    .fingerprint = o->fingerprint,
				    .end = end,
				    .expires = o->expires,
				    .executable = before->executable };
	struct err e = { 0 };

	if (before->signalled && o->action == ORDER_COMMIT && !o->rollback)
		now.executable = before->signalled;
	else if (!o->rollback)
		now.signalled = executable ? executable : before->signalled;
	return order_log_write(d->config, o->component, &now, &e) || execute_failed(p, &e, a);
}

/* Progress of the orders with this number. */
static enum order_end end_so_far(const struct order_execution *d)
{
	const struct order_record *before = &d->checked->before;
	const struct order *o = &d->checked->order;

	return before->lineage && before->sequence == o->sequence &&
			       !strcmp(before->lineage, o->lineage)
		       ? before->end
		       : ORDER_END_OPEN;
}

/* Only when the bytes are the pair of the order, and key and certificates match. */
static bool execute_stage(const struct order_execution *d, struct arena *a, struct problem *p)
{
	const struct order_request *r = d->request;
	const struct order *o = &d->checked->order;
	const struct install_pair placed = { o->fingerprint, &r->set, &r->key };
	AUTO(pair) pair = { 0 };
	struct err e = { 0 };

	if (!r->has_pair)
		return execute_reject(p, PROBLEM_BAD_REQUEST, "the request holds no pair");
	if (strcmp(pair_digest(&r->set, &r->key, a), o->pair) != 0)
		return execute_reject(p, PROBLEM_BAD_PAIR,
				      "the pair is not the one that was signed");
	if (!foreign_pair(&r->key, &r->set, clock_now(), &pair, &e))
		return execute_reject(p, PROBLEM_BAD_PAIR, arena_strdup(a, e.text));
	if (strcmp(pair.facts.fingerprint, o->fingerprint) != 0)
		return execute_reject(p, PROBLEM_BAD_PAIR,
				      "the pair is not the one that the order names");
	return execute_remember(d, end_so_far(d), NULL, a, p) &&
	       (install_stage(&d->component->install, &placed, &e) || execute_failed(p, &e, a));
}

static bool execute_commit(const struct order_execution *d, struct arena *a, struct problem *p)
{
	const struct order *o = &d->checked->order;
	struct err e = { 0 };

	return execute_remember(d, end_so_far(d), NULL, a, p) &&
	       (install_commit(&d->component->install, o->fingerprint, o->replaces, &e) ||
		execute_failed(p, &e, a));
}

static bool execute_abort(const struct order_execution *d, struct arena *a, struct problem *p)
{
	struct err e = { 0 };

	return execute_remember(d, ORDER_END_ABORTED, NULL, a, p) &&
	       (install_abort(&d->component->install, d->checked->order.fingerprint, &e) ||
		execute_failed(p, &e, a));
}

static bool execute_is_there(const struct order_execution *d, const char *expected, struct arena *a,
			     struct problem *p)
{
	struct observation seen = { 0 };

	if (!expected)
		return true;
	install_probe(&d->component->install, a, &seen);
	if (seen.installed && !strcmp(seen.installed, expected))
		return true;
	return execute_reject(p, PROBLEM_MOVED,
			      arena_printf(a, "%.18s is installed, not %.12s",
					   !seen.installed   ? "something unreadable"
					   : *seen.installed ? seen.installed
							     : "nothing",
					   *expected ? expected : "nothing"));
}

/* A repeated revert finds the replaced pair installed already, and succeeds. */
static bool execute_revert(const struct order_execution *d, struct arena *a, struct problem *p)
{
	const struct order *o = &d->checked->order;
	struct err e = { 0 };

	return (execute_is_there(d, o->fingerprint, a, p) ||
		execute_is_there(d, o->replaces, a, p)) &&
	       execute_remember(d, end_so_far(d), NULL, a, p) &&
	       (install_revert(&d->component->install, o->fingerprint, &e) ||
		execute_failed(p, &e, a));
}

/* Runs once for each number, whatever the result; after a stop it can run again. */
static bool execute_activate(const struct order_execution *d, struct arena *a, struct problem *p)
{
	const struct order *o = &d->checked->order;
	const struct activation_order order = {
		.how = &d->component->activate,
		.process = d->component->name,
		.component = d->component->name,
		.fingerprint = o->fingerprint,
		.directory = d->config->directory,
		.records = execute_records(d->config, a),
		.leaves_nothing = true,
		.proven = order_record_executable(&d->checked->before),
		.accepted = o->executable,
	};
	AUTO(agent_identity) self = { 0 };
	const char *executable = NULL;
	struct problem ignored = { 0 };
	struct err e = { 0 };

	if (!execute_is_there(d, o->fingerprint, a, p))
		return false;
	if (end_so_far(d) == ORDER_END_ACTIVATED)
		return true;
	if (end_so_far(d) == ORDER_END_FAILED)
		return execute_reject(p, PROBLEM_FAILED,
				      "the activation failed already when it was ordered first");
	if (agent_identity_is(d->config, d->component)
		    ? agent_identity_read(&self, d->config, &e)
		    : install_activate(&order, a, &executable, &e)) {
		if (!execute_remember(d, ORDER_END_ACTIVATED, executable, a, p))
			return false;
		activation_record_remove(order.records, order.process);
		return true;
	}
	if (e.code == ERR_STOPPED || e.code == ERR_BUSY)
		return execute_failed(p, &e, a);
	if (execute_remember(d, ORDER_END_FAILED, NULL, a, &ignored))
		activation_record_remove(order.records, order.process);
	return execute_reject(p, PROBLEM_FAILED, arena_strdup(a, e.text));
}

bool order_execute(const struct order_execution *d, struct arena *a, struct problem *problem)
{
	static bool (*const actions[ORDER_ACTION_COUNT])(const struct order_execution *d,
							 struct arena *a, struct problem *p) = {
		[ORDER_STAGE] = execute_stage,       [ORDER_COMMIT] = execute_commit,
		[ORDER_ABORT] = execute_abort,       [ORDER_REVERT] = execute_revert,
		[ORDER_ACTIVATE] = execute_activate,
	};

	return actions[d->checked->order.action](d, a, problem);
}
