/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/text.h"
#include "cli/agent_file.h"
#include "cli/command.h"
#include "cli/session.h"
#include "config/load.h"
#include "config/netname.h"
#include "engine/enrol_accept.h"
#include "pki/issue.h"

#include <string.h>

enum {
	LOCK_WAIT = 10 /* seconds */,
};

struct accept_options {
	const char *invite;
	const char *token_file;
	const char *client_ca;
	struct texts allow;
	bool again;
};

static const struct option options[] = {
	TEXT(struct accept_options, invite, .name = "invite", .argument = "ID",
	     .help = "the invite that is accepted"),
	TEXT(struct accept_options, token_file, .name = "token-file", .argument = "FILE",
	     .help = "its token; - is stdin"),
	TEXT(struct accept_options, client_ca, .name = "client-ca", .argument = "FILE",
	     .help = "CA certificate of the agent's clients; the\n"
		     "                          CA of certfleet's own when left out"),
	TEXTS(struct accept_options, allow, .name = "allow", .argument = "ENTRY",
	      .help = "allowed client: spki:SHA-256 or a complete name;\n"
		      "                          certfleet's own key when left out"),
	FLAG(struct accept_options, again, .name = "again",
	     .help = "the agent is enrolled already, and its host was set up\n"
		     "                          anew; its components stay"),
	{ 0 },
};

static bool cmd_accept_read_url(struct session *s, const char *url, struct acceptance *out,
				struct err *e)
{
	static const char scheme[] = "https://";
	size_t len = sizeof(scheme) - 1;

	return (!strncmp(url, scheme, len) &&
		host_port_parse(&s->arena, url + len, &out->host, &out->port)) ||
	       err_set(e, ERR_USAGE, "the address of an agent is https://HOST:PORT, not '%s'",
		       text_escaped(&s->arena, url));
}

static bool check_allow(struct session *s, const struct texts *allow, struct err *e)
{
	const struct allowed_client_arena to = { subject_canonical, &s->arena };
	struct allowed_client ignored = { 0 };

	if (allow->count > ALLOW_LIMIT)
		return err_set(e, ERR_USAGE, "at most %d '--allow' can be given", ALLOW_LIMIT);
	for (size_t i = 0; i < allow->count; i++)
		if (!allowed_client_parse(allow->items[i], &to, &ignored, e)) {
			e->code = ERR_USAGE;
			return false;
		}
	return true;
}

static bool accept_agent(struct session *s, const struct acceptance *asked, const char *token_file,
			 struct err *e)
{
	AUTO(secret) token = { 0 };
	struct acceptance what = *asked;
	struct enrol_result done = { 0 };
	char until[TIME_TEXT];

	if (!agent_token_read(token_file, &token, e) ||
	    !session_lock(s, LOCK_WAIT, "agent accept", e))
		return false;
	what.token = &token;
	if (!enrol_accept(s->engine, &what, &s->arena, &done, e))
		return false;
	for (size_t i = 0; i < done.receipt.note_count; i++)
		term_note(&s->terminal, "warning: the agent says: %s", done.receipt.notes[i]);
	term_note(&s->terminal, "agent '%s' is enrolled until %s, serial %s", done.agent.agent,
		  time_format(done.agent.not_after, until), done.agent.serial);
	return true;
}

static bool cmd_accept_run(struct session *s, const struct call *call, int *status, struct err *e)
{
	const struct accept_options *o = call->options;
	struct acceptance what = {
		.invite = o->invite,
		.spec = { .client_ca = o->client_ca,
			  .allow = o->allow.items,
			  .allow_count = o->allow.count },
		.again = o->again,
	};

	(void)status;
	if (!cmd_accept_read_url(s, call->words[0], &what, e) || !check_allow(s, &o->allow, e))
		return false;
	if (!o->invite)
		return err_set(e, ERR_USAGE, "name the invite with --invite");
	if (!session_has_state(s))
		return err_set(e, ERR_MISSING, "there is no state, so there is no invite");
	return accept_agent(s, &what, o->token_file, e);
}

const struct command command_agent_accept = {
	.name = "agent accept",
	.words = "URL",
	.summary = "enrol the agent that waits at URL",
	.help = "Connects to 'certfleet agent enrol' on the host. Both prove to know the token,\nbound to their connection, so that an interception is noticed; then the agent's\nkey is signed.",
	.needs = NEEDS_FLEET | NEEDS_ENGINE,
	.words_least = 1,
	.words_most = 1,
	.options = options,
	.options_size = sizeof(struct accept_options),
	.run = cmd_accept_run,
};
