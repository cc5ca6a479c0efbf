/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/agent.h"
#include "base/diag.h"
#include "cli/command.h"
#include "cli/session.h"
#include "config/load.h"
#include "pki/issue.h"

struct agent_options {
	const char *config;
};

static const struct option options[] = {
	TEXT(struct agent_options, config, .name = "config", .argument = "FILE",
	     .help = "the agent's own configuration"),
	{ 0 },
};

static bool load(struct session *s, const char *path, struct agent_config *out,
		 struct err *e)
{
	AUTO(diags) diags = { 0 };
	AUTO(buf) text = { 0 };
	bool good = load_agent(path, subject_canonical, out, &diags, e);

	diag_render(&diags, &text);
	terminal_tell(&s->terminal, &text);
	if (!good)
		e->code = ERR_INPUT;
	return good;
}

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
	if (!o->config)
		return err_set(e, ERR_USAGE,
			       "name the agent's configuration with --config");
	return load(s, o->config, &config, e) &&
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
