/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/install_half.h"

#include "agent/order_execute.h"
#include "agent/order_verify.h"
#include "base/clock.h"
#include "base/program_version.h"
#include "wire/report.h"
#include "wire/request.h"

void ipc_request_release(struct ipc_request *q)
{
	secret_release(&q->body);
	arena_release(&q->arena);
}

bool ipc_request_read(struct message *m, struct ipc_request *q, struct err *e)
{
	struct fields f = fields_of(&m->body);
	uint64_t route = fields_number(&f);
	uint64_t name_len = fields_number(&f);
	const unsigned char *name = fields_bytes(&f, name_len);
	size_t len = 0;
	const unsigned char *body = fields_rest(&f, &len);

	if (f.failed || name_len > MESSAGE_NAME_LIMIT || m->kind != MESSAGE_REQUEST ||
	    route >= ROUTE_COUNT || route == ROUTE_HEALTH || len > REQUEST_LIMIT)
		return err_set(e, ERR_REMOTE,
			       "refused a malformed request of the agent's network process");
	q->route = (enum route)route;
	q->number = m->number;
	q->name = arena_strndup(&q->arena, (const char *)name, name_len);
	q->component = agent_component(q->config, q->name);
	secret_copy(&q->body, body, len);
	return true;
}

enum {
	LONGEST_S = 24 * 60 * 60,
};

/* Seconds for a request without its activation: for reading, and for a slow disk. */
static const int seconds[ROUTE_COUNT] = {
	[ROUTE_COMPONENTS] = 120, [ROUTE_COMPONENT] = 60, [ROUTE_STAGE] = 60,  [ROUTE_COMMIT] = 60,
	[ROUTE_ABORT] = 60,       [ROUTE_ACTIVATE] = 60,  [ROUTE_REVERT] = 60,
};

int ipc_request_seconds(const struct ipc_request *q)
{
	int more = q->route == ROUTE_ACTIVATE && q->component ? (int)q->component->activate.timeout
							      : 0;

	if (more < 0 || more > LONGEST_S)
		more = LONGEST_S;

	return seconds[q->route] + more;
}

/* ---- answers ---- */

static struct report_identity identity_of(const struct ipc_request *q)
{
	return (struct report_identity){
		.spki = q->spki,
		.program = "certfleet " CERTFLEET_VERSION,
		.time = clock_now(),
	};
}

static void answer_components(struct ipc_request *q, struct response *out)
{
	const struct agent_config *c = q->config;
	struct component_report *list = arena_array(&q->arena, c->component_count, sizeof(*list));
	struct report_identity self = identity_of(q);

	for (size_t i = 0; i < c->component_count; i++)
		component_inspect(c, &c->components[i], &q->arena, &list[i]);
	response_json(200, report_all(&self, list, c->component_count), out);
}

static void answer_component(struct ipc_request *q, struct response *out)
{
	struct component_report report;
	struct report_identity self = identity_of(q);

	component_inspect(q->config, q->component, &q->arena, &report);
	component_inspect_running(q->component, &q->arena, &report);
	response_json(200, report_one(&self, &report), out);
}

static void dispatch_answer_request(struct ipc_request *q, const struct order_request *request,
				    struct response *out)
{
	const struct order_verification check = {
		.config = q->config,
		.signers = q->signers,
		.spki = q->spki,
		.action = route_action(q->route),
		.component = q->component,
		.request = request,
		.now = clock_now(),
	};
	struct verified_order checked = { 0 };
	const struct order_execution execution = { .config = q->config,
						   .component = q->component,
						   .checked = &checked,
						   .request = request };
	struct problem problem = { 0 };

	if (order_verify(&check, &q->arena, &checked, &problem) &&
	    order_execute(&execution, &q->arena, &problem))
		response_json(200, json_object(), out);
	else
		response_problem(problem.kind, problem.detail, out);
	out->signer = checked.signer;
}

static void answer_order(struct ipc_request *q, struct response *out)
{
	AUTO(order_request) request = { 0 };
	struct err e = { 0 };

	if (order_request_read(&q->body, &q->arena, &request, &e))
		dispatch_answer_request(q, &request, out);
	else
		response_problem(PROBLEM_BAD_REQUEST, e.text, out);
}

void ipc_request_serve(void *ctx, struct response *out)
{
	struct ipc_request *q = ctx;

	if (q->route == ROUTE_COMPONENTS)
		answer_components(q, out);
	else if (!q->component)
		response_problem(PROBLEM_UNKNOWN_COMPONENT, q->name, out);
	else if (q->route == ROUTE_COMPONENT)
		answer_component(q, out);
	else
		answer_order(q, out);
}
