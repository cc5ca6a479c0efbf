/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/agent_state.h"
#include "agent/halves.h"
#include "agent/trust_grant.h"
#include "cli/agent_file.h"
#include "cli/command.h"
#include "cli/session.h"

struct agent_options {
	const char *config;
	int half;
	const char *socket;
};

static const char *const halves[] = {
	[AGENT_BOTH] = "both",
	[AGENT_INSTALL] = "install",
	[AGENT_NETWORK] = "network",
	NULL,
};

static const struct option options[] = {
	TEXT(struct agent_options, config, .name = "config", .argument = "FILE",
	     .help = "the agent's own configuration"),
	CHOICE(struct agent_options, half, .name = "half", .argument = "HALF", .choices = halves,
	       .help = "both, install or network: one of its processes\n"
		       "                          alone, for a service of its own"),
	TEXT(struct agent_options, socket, .name = "socket", .argument = "PATH",
	     .help = "where its halves meet then"),
	{ 0 },
};

struct agent_greeting {
	struct session *session;
	const struct agent_start *start;
};

static void cmd_agent_report_ready(void *ctx)
{
	const struct agent_greeting *g = ctx;
	const struct agent_config *c = g->start->config;
	const char *many = c->component_count == 1 ? "" : "s";

	if (g->start->half == AGENT_INSTALL)
		term_note(&g->session->terminal, "agent of %zu component%s waits at %s",
			  c->component_count, many, g->start->socket);
	else
		term_note(&g->session->terminal, "agent of %zu component%s listens on %s",
			  c->component_count, many, c->listen);
}

static void report_lost(void *ctx, const struct err *why)
{
	const struct agent_greeting *g = ctx;

	term_note(&g->session->terminal, "network half: %s", why->text);
}

static void cmd_agent_report_note(void *ctx, const char *text)
{
	const struct agent_greeting *g = ctx;

	term_note(&g->session->terminal, "%s", text);
}

static bool cmd_agent_run(struct session *s, const struct call *call, int *status, struct err *e)
{
	const struct agent_options *o = call->options;
	AUTO(agent_config) config = { 0 };
	struct agent_greeting greeting = { .session = s };
	const struct agent_start start = {
		.config = &config,
		.half = (enum agent_half)o->half,
		.socket = o->socket,
		.listener = { cmd_agent_report_ready, report_lost, cmd_agent_report_note,
			      &greeting },
	};

	(void)status;
	greeting.start = &start;
	if (o->half != AGENT_BOTH && !o->socket)
		return err_set(e, ERR_USAGE, "name the socket where the halves meet with --socket");
	if (o->half == AGENT_BOTH && o->socket)
		return err_set(e, ERR_USAGE, "--socket needs --half");
	return agent_file_load(s, o->config, &config, e) && trust_grant_read(&config, e) &&
	       (o->half == AGENT_NETWORK || agent_state_claim(&config, e)) && agent_run(&start, e);
}

const struct command command_agent = {
	.name = "agent",
	.words = "--config FILE",
	.summary = "take orders on the host of components",
	.help = "Runs until it is stopped. Its configuration names its address, its\nclients and the paths of pairs on this host; input of clients is never executed.",
	.options = options,
	.options_size = sizeof(struct agent_options),
	.run = cmd_agent_run,
};
