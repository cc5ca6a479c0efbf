/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/admission.h"
#include "agent/agent.h"
#include "cli/agent_file.h"
#include "cli/command.h"
#include "cli/session.h"

struct agent_options {
	const char *config;
};

static const struct option options[] = {
	TEXT(struct agent_options, config, .name = "config", .argument = "FILE",
	     .help = "the agent's own configuration"),
	{ 0 },
};

struct greeting {
	struct session *session;
	const struct agent_config *config;
};

static void tell_ready(void *ctx)
{
	const struct greeting *g = ctx;

	terminal_note(
		&g->session->terminal, "agent of %zu component%s listens on %s",
		g->config->component_count,
		g->config->component_count == 1 ? "" : "s", g->config->listen);
}

static bool run(struct session *s, const struct call *call, int *status,
		struct err *e)
{
	const struct agent_options *o = call->options;
	AUTO(agent_config) config = { 0 };
	struct greeting greeting = { s, &config };

	(void)status;
	return agent_file_load(s, o->config, &config, e) &&
	       admission_read(&config, e) &&
	       agent_run(&(const struct agent_start){ .config = &config,
						      .ready = tell_ready,
						      .ctx = &greeting },
			 e);
}

const struct command command_agent = {
	.name = "agent",
	.words = "--config FILE",
	.summary = "take orders on the host of components",
	.help = "Runs until it is stopped. Its configuration says where it "
		"listens, whom it\nobeys and where pairs go on this host; what "
		"callers send is never executed.",
	.options = options,
	.options_size = sizeof(struct agent_options),
	.run = run,
};
