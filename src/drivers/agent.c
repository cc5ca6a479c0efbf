/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver `agent`: components managed by an agent on their host (src/agent/).
 *
 * Every request goes to the agent's URL over mutual TLS.  A request that changes
 * something carries an order, made out to the key that the agent has proven in
 * TLS.  An agent whose key has changed since (its own pair is delivered like any
 * other) refuses the order; the driver then asks for its identity and sends the
 * order once more.
 *
 * Pairs cannot be read back from an agent: a pair that is not in the state stays
 * on the host, beside the new one.
 */
#include "drivers/driver_table.h"

#include "base/clock.h"
#include "base/text.h"
#include "drivers/order_sign.h"
#include "pki/pair.h"
#include "wire/problem.h"
#include "wire/report.h"
#include "wire/route.h"

#include <string.h>

enum {
	ACTIVATE_MS = 300000, /* the agent's own deadline is shorter */
};

static const char *agent_origin(const struct component *c)
{
	return c->deliver.agent.url;
}

static const char *name_there(const struct component *c)
{
	return c->deliver.agent.component ? c->deliver.agent.component : c->name;
}

/* ---- requests and replies ---- */

static bool begin_ask(struct visit *v, enum route route, struct exchange *ask, struct err *e)
{
	const struct order_signer *op = NULL;

	if (!visit_orderer(v, &op, e))
		return false;
	ask->method = route_method(route);
	ask->path = route_path(route, name_there(v->job->component), v->arena);
	ask->identity = order_signer_identity(op);
	ask->wants_peer = true;
	return true;
}

static enum turn ask_report(struct visit *v, struct exchange *ask, struct err *e)
{
	return begin_ask(v, ROUTE_COMPONENT, ask, e) ? TURN_ASK : TURN_FAILED;
}

/* Whether the request succeeded; else *problem (PROBLEM_COUNT: none) and the error. */
static bool is_good(const struct visit *v, struct problem *problem, struct err *e)
{
	const struct exchange *x = v->reply;

	problem->kind = PROBLEM_COUNT;
	if (x->error.code) {
		*e = x->error;
		return false;
	}
	if (x->status >= 200 && x->status < 300)
		return true;
	if (problem_from_json((const char *)x->reply.bytes, x->reply.len, v->arena, problem))
		return err_set(e, ERR_REMOTE, "the agent at '%s' refuses: %s", x->origin,
			       problem->detail);
	return err_set(e, ERR_REMOTE, "'%s' answers with status %ld", x->origin, x->status);
}

static bool read_report(struct visit *v, struct report_identity *agent,
			struct component_report *report, struct err *e)
{
	const struct exchange *x = v->reply;

	if (!report_read((const char *)x->reply.bytes, x->reply.len, v->job->arena, agent, report,
			 e))
		return err_in(e, "'%s'", x->origin);
	if (strcmp(report->name, name_there(v->job->component)) != 0)
		return err_set(e, ERR_REMOTE, "'%s' reports another component", x->origin);
	return true;
}

/*
 * Checks that the agent reports the key it has proven in TLS.  A connection made
 * before the agent loaded a new pair has proven the old key, so a mismatch is
 * asked again over a new connection.
 */
static enum turn prove(struct visit *v, const struct report_identity *agent, struct exchange *ask,
		       struct err *e)
{
	const struct exchange *x = v->reply;

	if (!strcmp(agent->spki, x->peer.spki)) {
		visit_learn_peer(v, agent->spki);
		return TURN_DONE;
	}
	if (!x->fresh) {
		ask->fresh = true;
		return ask_report(v, ask, e);
	}
	err_set(e, ERR_REMOTE, "'%s' reports a key that is not its own", x->origin);
	return TURN_FAILED;
}

/* ---- probe ---- */

/* Fleet file and agent must agree on whether the component is the agent's own pair. */
static const char *mismatch(const struct component *c, const struct component_report *r)
{
	bool is_own = r->activation == ACTIVATION_HOT;

	if (c->deliver.agent.self == is_own)
		return NULL;
	return is_own ? "it is the agent's own pair; say 'self: true' beside its URL"
		      : "it is not the agent's own pair; take 'self: true' away, or name the component that is";
}

static void take_report(const struct visit *v, const struct report_identity *agent,
			const struct component_report *r)
{
	struct job *j = v->job;
	const struct component *c = j->component;
	const char *other = mismatch(c, r);

	j->seen = r->seen;
	j->seen.online = true;
	j->seen.clock_ahead = agent->time - clock_now();
	j->seen.activation = activation_names[r->activation];
	if (other)
		j->seen.unwritable = other;
	/* the agent's own pair was proven in this connection's TLS handshake */
	if (c->deliver.agent.self)
		j->seen.served = arena_strdup(j->arena, v->reply->peer.leaf);
}

static enum turn agent_probe(struct visit *v, struct exchange *ask, struct err *e)
{
	struct report_identity agent;
	struct component_report report;
	struct problem problem;

	if (!v->reply)
		return ask_report(v, ask, e);
	if (!is_good(v, &problem, e)) {
		if (problem.kind != PROBLEM_UNKNOWN_COMPONENT)
			return TURN_FAILED;
		v->job->seen = (struct observation){
			.online = true,
			.unwritable = arena_printf(
				v->job->arena,
				"the agent at '%s' has no component '%s'; add it to 'components' of its configuration",
				v->reply->origin, name_there(v->job->component)),
		};
		return TURN_DONE;
	}
	if (!read_report(v, &agent, &report, e))
		return TURN_FAILED;

	enum turn turn = prove(v, &agent, ask, e);

	if (turn == TURN_DONE)
		take_report(v, &agent, &report);
	return turn;
}

/* ---- orders ---- */

static const enum order_action actions[DRIVER_VERB_COUNT] = {
	[DRIVER_STAGE] = ORDER_STAGE,   [DRIVER_COMMIT] = ORDER_COMMIT,
	[DRIVER_ABORT] = ORDER_ABORT,   [DRIVER_ACTIVATE] = ORDER_ACTIVATE,
	[DRIVER_REVERT] = ORDER_REVERT,
};

static struct order agent_order_of(const struct visit *v)
{
	const struct job *j = v->job;

	return (struct order){
		.action = actions[j->verb],
		.agent = visit_peer(v),
		.component = name_there(j->component),
		.lineage = j->lineage,
		.sequence = j->sequence,
		.fingerprint = j->fingerprint,
		.pair = j->verb == DRIVER_STAGE ? pair_digest(j->set, j->key, v->arena) : NULL,
		.replaces = j->verb == DRIVER_ACTIVATE ? j->fingerprint : j->replaces,
		.rollback = j->verb == DRIVER_REVERT || j->rolls_back,
		.adopt = j->adopts,
		.self = j->component->deliver.agent.self,
		.executable = j->verb == DRIVER_ACTIVATE ? j->accepted : NULL,
		.expires = clock_now() + ORDER_LIFE,
	};
}

static enum turn ask_order(struct visit *v, struct exchange *ask, struct err *e)
{
	const struct order order = agent_order_of(v);
	const struct signed_order whole = { &order, v->job->set, v->job->key };
	const struct order_signer *op = NULL;

	if (!begin_ask(v, route_of(order.action), ask, e) || !visit_orderer(v, &op, e) ||
	    !order_signer_sign(op, &whole, &ask->body, e))
		return TURN_FAILED;
	if (order.action == ORDER_ACTIVATE)
		ask->timeout_ms = ACTIVATE_MS;
	return TURN_ASK;
}

/* Error code for callers; the text stays the agent's. */
static enum err_code code_of(enum problem_kind kind)
{
	if (kind == PROBLEM_MOVED || kind == PROBLEM_STALE_ORDER || kind == PROBLEM_OTHER_LINEAGE)
		return ERR_STALE;
	return kind == PROBLEM_BAD_PAIR ? ERR_CRYPTO : ERR_REMOTE;
}

enum order_stage {
	ORDER_BEGIN,
	ORDER_LEARN,   /* identity requested */
	ORDER_ASKED,   /* order sent */
	ORDER_RELEARN, /* key has changed: identity requested again */
	ORDER_AGAIN,   /* order sent again */
};

/* Handles the identity report, then sends the order. */
static enum turn learned(struct visit *v, struct exchange *ask, struct err *e)
{
	struct report_identity agent;
	struct component_report report;
	struct problem problem;

	if (!is_good(v, &problem, e) || !read_report(v, &agent, &report, e))
		return TURN_FAILED;

	enum turn turn = prove(v, &agent, ask, e);

	if (turn != TURN_DONE)
		return turn;
	v->stage++;
	return ask_order(v, ask, e);
}

static enum turn answered(struct visit *v, struct exchange *ask, struct err *e)
{
	struct problem problem;

	if (is_good(v, &problem, e))
		return TURN_DONE;
	if (problem.kind == PROBLEM_OTHER_AGENT && v->stage == ORDER_ASKED) {
		v->stage = ORDER_RELEARN;
		return ask_report(v, ask, e);
	}
	if (problem.kind != PROBLEM_COUNT)
		e->code = code_of(problem.kind);
	return TURN_FAILED;
}

static enum turn order(struct visit *v, struct exchange *ask, struct err *e)
{
	switch ((enum order_stage)v->stage) {
	case ORDER_BEGIN:
		v->stage = visit_peer(v) ? ORDER_ASKED : ORDER_LEARN;
		return v->stage == ORDER_ASKED ? ask_order(v, ask, e) : ask_report(v, ask, e);
	case ORDER_LEARN:
	case ORDER_RELEARN:
		return learned(v, ask, e);
	case ORDER_ASKED:
	case ORDER_AGAIN:
		return answered(v, ask, e);
	}
	return TURN_FAILED;
}

/* ---- verbs that agents do not support ---- */

static bool no_read(struct job *j, struct err *e)
{
	(void)j;
	return err_set(e, ERR_REMOTE, "an agent never discloses a key");
}

static bool no_removal(struct job *j, struct err *e)
{
	(void)j;
	return err_set(e, ERR_REMOTE, "an agent removes nothing; remove it on the host");
}

const struct driver agent_driver = {
	.verbs = {
		[DRIVER_REMOVE] = no_removal,
		[DRIVER_READ] = no_read,
	},
	.turns = {
		[DRIVER_PROBE] = agent_probe,
		[DRIVER_STAGE] = order,
		[DRIVER_COMMIT] = order,
		[DRIVER_ABORT] = order,
		[DRIVER_ACTIVATE] = order,
		[DRIVER_REVERT] = order,
	},
	.origin = agent_origin,
	.takes_orders = true,
};
