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
#include "base/loop.h"
#include "base/text.h"
#include "drivers/order_sign.h"
#include "pki/pair.h"
#include "wire/problem.h"
#include "wire/report.h"
#include "wire/route.h"

#include <string.h>

enum {
	BUSY_MS = 500, /* until a busy agent is asked again */
};

static const char *agent_origin(const struct component *c)
{
	return c->deliver.agent.url;
}

static const char *name_there(const struct component *c)
{
	return c->deliver.agent.component ? c->deliver.agent.component : c->name;
}

/* ---- requests and responses ---- */

/* Whether a response is a success; else its problem and the error. */
static bool agent_succeeded(const struct driver_session *v, const struct exchange *x,
			    struct problem *problem, struct err *e)
{
	if (x->status >= 200 && x->status < 300)
		return true;
	if (problem_from_json((const char *)x->reply.bytes, x->reply.len, v->arena, problem))
		return err_set(e, ERR_REMOTE, "the agent at '%s' refuses: %s", x->origin,
			       problem->detail);
	return err_set(e, ERR_REMOTE, "'%s' answers with status %ld", x->origin, x->status);
}

/* *problem: the agent's, PROBLEM_COUNT when it names none. */
static bool agent_request(struct driver_session *v, enum route route, struct exchange *x,
			  struct problem *problem, struct err *e)
{
	const struct order_signer *op = NULL;

	problem->kind = PROBLEM_COUNT;
	if (!driver_order_signer(v, &op, e))
		return false;
	x->method = route_method(route);
	x->path = route_path(route, name_there(v->job->component), v->arena);
	x->identity = order_signer_identity(op);
	x->wants_peer = true;
	return driver_request(v, x, e) && agent_succeeded(v, x, problem, e);
}

/* What an agent says of itself and the component, and the leaf it has shown in TLS. */
struct agent_answer {
	struct report_identity agent;
	struct component_report component;
	const char *leaf;
};

/*
 * The key that an agent reports must be the one that it has proven in TLS.  A
 * connection made before the agent loaded a new pair has proven the old key, so
 * a mismatch is asked again over a new connection.
 */
static bool agent_report(struct driver_session *v, struct agent_answer *out,
			 struct problem *problem, struct err *e)
{
	struct arena *a = v->job->arena;

	for (bool fresh = false;; fresh = true) {
		AUTO(exchange) x = { .fresh = fresh, .reads = true };

		if (!agent_request(v, ROUTE_COMPONENT, &x, problem, e))
			return false;
		if (!report_read((const char *)x.reply.bytes, x.reply.len, a, &out->agent,
				 &out->component, e))
			return err_in(e, "'%s'", x.origin);
		if (strcmp(out->component.name, name_there(v->job->component)) != 0)
			return err_set(e, ERR_REMOTE, "'%s' reports another component", x.origin);
		if (!strcmp(out->agent.spki, x.peer.spki)) {
			driver_learn_peer(v, out->agent.spki);
			out->leaf = arena_strdup(a, x.peer.leaf);
			return true;
		}
		if (fresh)
			return err_set(e, ERR_REMOTE, "'%s' reports a key that is not its own",
				       x.origin);
	}
}

/* ---- probe ---- */

/* Fleet file and agent must agree on whether the component is the agent's own pair. */
static const char *mismatch(const struct component *c, const struct component_report *r)
{
	bool is_own = r->activation == ACTIVATION_SWAP;

	if (c->deliver.agent.self == is_own)
		return NULL;
	return is_own ? "it is the agent's own pair; say 'self: true' beside its URL"
		      : "it is not the agent's own pair; take 'self: true' away, or name the component that is";
}

static bool agent_probe(struct driver_session *v, struct err *e)
{
	struct job *j = v->job;
	const struct component *c = j->component;
	struct agent_answer r;
	struct problem problem;

	if (!agent_report(v, &r, &problem, e)) {
		if (problem.kind != PROBLEM_UNKNOWN_COMPONENT)
			return false;
		j->seen = (struct observation){
			.online = true,
			.unwritable = arena_printf(
				j->arena,
				"the agent at '%s' has no component '%s'; add it to 'components' of its configuration",
				agent_origin(c), name_there(c)),
		};
		return true;
	}

	const char *other = mismatch(c, &r.component);

	j->seen = r.component.seen;
	j->seen.online = true;
	j->seen.clock_ahead = r.agent.time - clock_now();
	j->seen.activation = activation_names[r.component.activation];
	if (other)
		j->seen.unwritable = other;
	/* the agent's own pair was proven in this connection's TLS handshake */
	if (c->deliver.agent.self)
		j->seen.served = r.leaf;
	return true;
}

/* ---- orders ---- */

static const enum order_action actions[DRIVER_VERB_COUNT] = {
	[DRIVER_STAGE] = ORDER_STAGE,   [DRIVER_COMMIT] = ORDER_COMMIT,
	[DRIVER_ABORT] = ORDER_ABORT,   [DRIVER_ACTIVATE] = ORDER_ACTIVATE,
	[DRIVER_REVERT] = ORDER_REVERT,
};

static struct order agent_order_of(const struct driver_session *v)
{
	const struct job *j = v->job;

	return (struct order){
		.action = actions[j->verb],
		.agent = driver_peer(v),
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

static int64_t activation_ms(const struct job *j)
{
	return j->component->role->restart.timeout * 1000;
}

static bool agent_send_order(struct driver_session *v, struct problem *problem, struct err *e)
{
	const struct order order = agent_order_of(v);
	const struct signed_order whole = { &order, v->job->set, v->job->key };
	const struct order_signer *op = NULL;
	AUTO(exchange) x = {
		.timeout_ms = order.action == ORDER_ACTIVATE ? activation_ms(v->job) : 0,
	};

	problem->kind = PROBLEM_COUNT;
	return driver_order_signer(v, &op, e) && order_signer_sign(op, &whole, &x.body, e) &&
	       agent_request(v, route_of(order.action), &x, problem, e);
}

/* Error code for callers; the text stays the agent's. */
static enum err_code code_of(enum problem_kind kind)
{
	if (kind == PROBLEM_MOVED || kind == PROBLEM_STALE_ORDER || kind == PROBLEM_OTHER_LINEAGE)
		return ERR_STALE;
	return kind == PROBLEM_BAD_PAIR ? ERR_CRYPTO : ERR_REMOTE;
}

/*
 * Whether an activation that somebody else began there has ended well: an agent is
 * busy while one runs.  When it did not, this one is ordered again.
 */
static bool agent_awaited(struct driver_session *v, struct problem *problem, struct err *e)
{
	const struct job *j = v->job;
	int64_t end_ms = clock_mono_ms() + activation_ms(j);

	while (j->verb == DRIVER_ACTIVATE && problem->kind == PROBLEM_BUSY &&
	       clock_mono_ms() + BUSY_MS < end_ms && !loop_is_stopped()) {
		struct agent_answer r;

		loop_sleep(clock_mono_ms() + BUSY_MS);
		*e = (struct err){ 0 };
		if (!agent_report(v, &r, problem, e))
			return false;
		if (r.component.seen.activated &&
		    !strcmp(r.component.seen.activated, j->fingerprint))
			return true;
		if (agent_send_order(v, problem, e))
			return true;
	}
	return false;
}

/* An order is made out to the agent's key; when that has changed, it is sent once more. */
static bool agent_order(struct driver_session *v, struct err *e)
{
	struct agent_answer r;
	struct problem problem;

	for (int attempt = 0; attempt < 2; attempt++) {
		*e = (struct err){ 0 };
		if ((attempt || !driver_peer(v)) && !agent_report(v, &r, &problem, e))
			return false;
		if (agent_send_order(v, &problem, e) || agent_awaited(v, &problem, e))
			return true;
		if (problem.kind != PROBLEM_OTHER_AGENT)
			break;
	}
	if (problem.kind != PROBLEM_COUNT)
		e->code = code_of(problem.kind);
	return false;
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
	.calls = {
		[DRIVER_REMOVE] = no_removal,
		[DRIVER_READ] = no_read,
	},
	.sessions = {
		[DRIVER_PROBE] = agent_probe,
		[DRIVER_STAGE] = agent_order,
		[DRIVER_COMMIT] = agent_order,
		[DRIVER_ABORT] = agent_order,
		[DRIVER_ACTIVATE] = agent_order,
		[DRIVER_REVERT] = agent_order,
	},
	.origin = agent_origin,
	.takes_orders = true,
};
