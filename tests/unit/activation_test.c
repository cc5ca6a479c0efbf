/* SPDX-License-Identifier: Apache-2.0 */
#include "model/activation.h"
#include "test.h"

#include "model/http_spec.h"
#include "model/snapshot.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static const struct http_request request = { .method = HTTP_POST };
static const struct http plain = { .requests = { [DECLARED_COMMIT] = &request } };
static const struct http own = {
	.requests = { [DECLARED_COMMIT] = &request, [DECLARED_ACTIVATE] = &request }
};

static const char *const argv[] = { "lb", NULL };
static const struct commands programs = { .argv = { [DECLARED_COMMIT] = argv } };
static const struct commands activator = {
	.argv = { [DECLARED_COMMIT] = argv, [DECLARED_ACTIVATE] = argv }
};

static const struct {
	const char *what;
	struct component component;
	enum activation activation;
	bool activates;
	bool swaps;
	bool at_commit;
} rows[] = {
	{ "files that nobody is told of",
	  { .deliver = { .kind = DRIVER_FILES } },
	  ACTIVATION_NONE,
	  false,
	  false,
	  false },
	{ "files and a signal",
	  { .deliver = { .kind = DRIVER_FILES }, .activate = { .kind = ACTIVATE_SIGNAL } },
	  ACTIVATION_RELOAD,
	  false,
	  false,
	  false },
	{ "files and a command",
	  { .deliver = { .kind = DRIVER_FILES }, .activate = { .kind = ACTIVATE_COMMAND } },
	  ACTIVATION_RESTART,
	  false,
	  false,
	  false },
	{ "files and a request",
	  { .deliver = { .kind = DRIVER_FILES }, .activate = { .kind = ACTIVATE_HTTP } },
	  ACTIVATION_RELOAD,
	  false,
	  false,
	  false },
	{ "haproxy",
	  { .deliver = { .kind = DRIVER_HAPROXY } },
	  ACTIVATION_SWAP,
	  true,
	  true,
	  false },
	{ "an agent",
	  { .deliver = { .kind = DRIVER_AGENT } },
	  ACTIVATION_RELOAD,
	  true,
	  false,
	  false },
	{ "caddy", { .deliver = { .kind = DRIVER_CADDY } }, ACTIVATION_SWAP, true, true, true },
	{ "etcd", { .deliver = { .kind = DRIVER_ETCD } }, ACTIVATION_NONE, false, false, false },
	{ "etcd and a command",
	  { .deliver = { .kind = DRIVER_ETCD }, .activate = { .kind = ACTIVATE_COMMAND } },
	  ACTIVATION_RESTART,
	  false,
	  false,
	  false },
	{ "an API whose commit is all",
	  { .deliver = { .kind = DRIVER_HTTP, .http = &plain } },
	  ACTIVATION_SWAP,
	  false,
	  false,
	  true },
	{ "an API with an activation of its own",
	  { .deliver = { .kind = DRIVER_HTTP, .http = &own } },
	  ACTIVATION_SWAP,
	  true,
	  true,
	  false },
	{ "programs whose commit is all",
	  { .deliver = { .kind = DRIVER_COMMAND, .command = &programs } },
	  ACTIVATION_RELOAD,
	  false,
	  false,
	  true },
	{ "programs, and one that activates",
	  { .deliver = { .kind = DRIVER_COMMAND, .command = &activator } },
	  ACTIVATION_RELOAD,
	  true,
	  false,
	  false },
	{ "an API and a command",
	  { .deliver = { .kind = DRIVER_HTTP, .http = &plain },
	    .activate = { .kind = ACTIVATE_COMMAND } },
	  ACTIVATION_RESTART,
	  false,
	  false,
	  false },
};

TEST(every_way_has_its_rung)
{
	const struct component_seen nothing = { 0 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct component *c = &rows[i].component;

		if (component_activation(c, &nothing) != rows[i].activation ||
		    deliver_activates(&c->deliver) != rows[i].activates ||
		    deliver_swaps(&c->deliver) != rows[i].swaps ||
		    component_swaps_at_commit(c) != rows[i].at_commit)
			fail_msg("%s", rows[i].what);
	}
}

TEST(every_driver_has_a_name)
{
	for (int kind = 0; kind < DRIVER_KIND_COUNT; kind++)
		assert_true(strlen(driver_name((enum driver_kind)kind)) > 3);
}

/* An agent that does not, or says what nobody knows, is told something. */
TEST(an_agent_tells_its_rung)
{
	const struct component c = { .deliver = { .kind = DRIVER_AGENT } };
	const struct {
		const char *says;
		enum activation activation;
	} told[] = {
		{ NULL, ACTIVATION_RELOAD },       { "none", ACTIVATION_NONE },
		{ "swap", ACTIVATION_SWAP },       { "reload", ACTIVATION_RELOAD },
		{ "restart", ACTIVATION_RESTART }, { "kick", ACTIVATION_RELOAD },
		{ "hot", ACTIVATION_SWAP },
	};

	for (size_t i = 0; i < sizeof(told) / sizeof(*told); i++) {
		const struct component_seen seen = { .now.activation = told[i].says };

		assert_int_equal(component_activation(&c, &seen), told[i].activation);
	}
}
