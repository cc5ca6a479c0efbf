/* SPDX-License-Identifier: Apache-2.0 */
/* A saved plan. */
#include "harness.h"

#include <setjmp.h>

#include "../unit/plan_fixture.h"
#include "cli/plan_file.h"
#include "engine/saved_plan.h"
#include "json/value.h"

/* What is accepted is what we would have written, to the last key. */
static void decode(const uint8_t *bytes, size_t len)
{
	AUTO(json) json = json_loadb((const char *)bytes, len, JSON_REJECT_DUPLICATES, NULL);
	AUTO(json) again = NULL;
	AUTO(plan) plan = { 0 };
	AUTO(arena) a = { 0 };
	AUTO(buf) text = { 0 };
	struct plan form;
	struct err e = { 0 };

	if (!json)
		return;
	json_object_del(json, "fleet_file");
	if (!plan_from_json(json, &plan, &e))
		return;
	again = plan_to_json(&plan);
	HOLDS(json_equal(json, again));
	plan_render_text(&plan, true, true, &text);
	form = plan_saved_form(&plan, &a);
	HOLDS(saved_plan_fits(&form, &plan, &e));
}

void fuzz_one(const uint8_t *bytes, size_t len)
{
	AUTO(saved) saved = { 0 };
	const char *path = fuzz_file("plan.json", bytes, len);
	struct err e = { 0 };
	bool good = saved_read(path, &saved, &e);

	HOLDS(good == (e.code == ERR_NONE));
	(void)saved_is_one(path);
	decode(bytes, len);
}

/* ---- seeds ---- */

static void seed_plan(struct world *w)
{
	AUTO(plan) plan = { 0 };
	AUTO(json) json = NULL;
	struct err e = { 0 };
	char *text = NULL;

	HOLDS(world_plan(w, &plan, &e));
	json = plan_to_json(&plan);
	json_object_set_new(json, "fleet_file", json_string("certfleet.yaml"));
	text = json_dumps(json, JSON_COMPACT);
	seed_text(text);
	decode((const uint8_t *)text, strlen(text));
	free(text);
}

void fuzz_seeds(void)
{
	static const char *const targets[] = { "c00000", "c00001" };
	static const char *const acks[] = { "offline:c00001" };
	static const char *const reissue[] = { "web" };

	for (size_t count = 0; count < 4; count++) {
		AUTO(world) w = { 0 };

		world_init(&w, count);
		seed_plan(&w);
		if (count < 2)
			continue;
		w.roles[0].offline = OFFLINE_ACKNOWLEDGE;
		w.roles[0].restart.max_unavailable = 2;
		w.issuers[0].publish = "ca.pem";
		w.seen[1].now.online = false;
		w.seen[0].now.version = "1.\xff";
		w.seen[0].now.installed = NULL;
		w.seen[0].now.error = "\x1b[2J";
		w.choices = (struct choices){ .targets = targets,
					      .target_count = 2,
					      .acks = acks,
					      .ack_count = 1,
					      .reissue = reissue,
					      .reissue_count = 1 };
		seed_plan(&w);
	}
	seed_many("", "[", "");
	seed_many("", "{\"a\":", "");
	seed_many("[", "1,", "1]");
	seed_many("{\"a\":\"", "\\u0041", "\"}");
}
