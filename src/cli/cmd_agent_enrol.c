/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/enrol_host.h"
#include "cli/agent_file.h"
#include "cli/command.h"
#include "cli/session.h"
#include "model/enrolment.h"

struct enrol_options {
	const char *config;
	const char *token_file;
	struct moment ttl;
};

static const struct option options[] = {
	TEXT(struct enrol_options, config, .name = "config", .argument = "FILE",
	     .help = "the agent's own configuration"),
	TEXT(struct enrol_options, token_file, .name = "token-file", .argument = "FILE",
	     .help = "the token of the invite; - is stdin"),
	DURATION(struct enrol_options, ttl, .name = "ttl",
		 .help = "how long to wait; 15m when left out"),
	{ 0 },
};

struct enrol_greeting {
	struct session *session;
	const struct agent_config *config;
};

static void cmd_enrol_report_ready(void *ctx)
{
	const struct enrol_greeting *g = ctx;

	term_note(&g->session->terminal, "waits on %s for the operator's 'certfleet agent accept'",
		  g->config->listen);
}

static void cmd_enrol_report(void *ctx, const char *text)
{
	const struct enrol_greeting *g = ctx;

	term_note(&g->session->terminal, "%s", text);
}

static bool cmd_enrol_run(struct session *s, const struct call *call, int *status, struct err *e)
{
	const struct enrol_options *o = call->options;
	AUTO(agent_config) config = { 0 };
	AUTO(secret) token = { 0 };
	struct enrol_greeting greeting = { s, &config };
	const struct agent_enrolment how = {
		.config = &config,
		.token = &token,
		.wait = o->ttl.given ? o->ttl.seconds : INVITE_LIFE,
		.ready = cmd_enrol_report_ready,
		.tell = cmd_enrol_report,
		.ctx = &greeting,
	};

	(void)status;
	if (!agent_file_load(s, o->config, &config, e) ||
	    !agent_token_read(o->token_file, &token, e) || !agent_enrol(&how, e))
		return false;
	term_note(&s->terminal, "enrolled: '%s' is in its place; start the agent",
		  config.certificate);
	return true;
}

const struct command command_agent_enrol = {
	.name = "agent enrol",
	.words = "",
	.summary = "get an agent's first certificate, on its host",
	.help = "Makes the agent's key, listens where the agent will, and waits for the operator\nwho has the same token. Nothing of an agent that is enrolled already is touched.",
	.options = options,
	.options_size = sizeof(struct enrol_options),
	.run = cmd_enrol_run,
};
