/* SPDX-License-Identifier: Apache-2.0 */
/* What an agent answers: reports and problems. */
#include "talk.h"

#include "drivers/driver_table.h"
#include "wire/problem.h"
#include "wire/report.h"

static const struct talk_partner partner = {
	.driver = &agent_driver,
	.deliver = "{agent: {url: \"https://h.example:7443\", component: web}}",
};

void fuzz_one(const uint8_t *bytes, size_t len)
{
	talk(&partner, bytes, len);
}

#define NEXT "\n---\n"

static void seed_report(const struct component_report *c)
{
	const struct report_identity identity = {
		.spki = fuzz_pair()->facts.spki,
		.program = "certfleet 0.1.0",
		.time = FUZZ_NOW,
	};
	json_t *json = report_one(&identity, c);
	char *text = json_dumps(json, JSON_COMPACT);
	AUTO(buf) out = { 0 };

	buf_printf(&out, "00%s" NEXT "00{}" NEXT, text);
	talk_seed(out.data);
	free(text);
	json_decref(json);
}

static void seed_problem(enum problem_kind kind)
{
	const struct problem p = { kind, "why not" };
	json_t *json = problem_to_json(&p);
	char *text = json_dumps(json, JSON_COMPACT);
	AUTO(buf) out = { 0 };

	buf_printf(&out, "50%s" NEXT "50%s", text, text);
	talk_seed(out.data);
	free(text);
	json_decref(json);
}

void fuzz_seeds(void)
{
	const char *hash = fuzz_pair()->facts.fingerprint;

	seed_report(&(const struct component_report){ .name = "web" });
	seed_report(&(const struct component_report){
		.name = "web",
		.seen = { .version = "nginx/1.22.1",
			  .installed = hash,
			  .chain = hash,
			  .damage = "its key is missing",
			  .staged = "",
			  .unwritable = "a disk is full",
			  .error = "it is down",
			  .served = hash,
			  .order_from = "5f2c",
			  .order_taken = 2 },
		.activation = ACTIVATION_RELOAD,
	});
	for (unsigned kind = 0; kind < PROBLEM_COUNT; kind++)
		seed_problem(kind);
}
