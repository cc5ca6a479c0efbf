/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/session.h"
#include "config/netname.h"
#include "config/values.h"
#include "crypto/token.h"
#include "engine/enrol_accept.h"

#include <string.h>

enum {
	HOST_LIMIT = 16,
	TTL_LIMIT = 24 * 3600,
	LOCK_WAIT = 10 /* seconds */,
};

struct invite_options {
	struct texts hosts;
	struct moment ttl;
	struct moment validity;
	const char *issuer;
};

static const struct option options[] = {
	TEXTS(struct invite_options, hosts, .name = "host", .argument = "HOST",
	      .help = "a name or address that the agent is reached by"),
	DURATION(struct invite_options, ttl, .name = "ttl",
		 .help = "how long it can be used; 15m when left out"),
	DURATION(struct invite_options, validity, .name = "validity",
		 .help = "of the certificate; 1y when left out"),
	TEXT(struct invite_options, issuer, .name = "issuer", .argument = "NAME",
	     .help = "its issuer, when several say 'use: agents'"),
	{ 0 },
};

/* "dns:HOST" or "ip:ADDRESS". */
static bool cmd_invite_read_host(struct session *s, const char *text, const char **out,
				 struct err *e)
{
	struct arena *a = &s->arena;
	const char *ip = ip_canonical(a, text);
	struct san name = { 0 };

	if (!ip && (!is_host_name(text) || !san_parse(a, text, &name)))
		return err_set(e, ERR_USAGE,
			       "'--host' is the name or address of one host, not '%s'",
			       text_escaped(a, text));
	*out = ip ? arena_printf(a, "ip:%s", ip) : arena_printf(a, "dns:%s", name.value);
	return true;
}

static bool read_hosts(struct session *s, const struct texts *hosts, struct invitation *out,
		       struct err *e)
{
	const char **names = arena_array(&s->arena, hosts->count + 1, sizeof(*names));

	if (!hosts->count || hosts->count > HOST_LIMIT)
		return err_set(e, ERR_USAGE, "name 1 to %d hosts with --host", HOST_LIMIT);
	for (size_t i = 0; i < hosts->count; i++)
		if (!cmd_invite_read_host(s, hosts->items[i], &names[i], e))
			return false;
	out->names = names;
	out->name_count = hosts->count;
	return true;
}

static bool cmd_invite_read_call(struct session *s, const struct call *call, struct invitation *out,
				 struct err *e)
{
	const struct invite_options *o = call->options;

	*out = (struct invitation){
		.agent = call->words[0],
		.issuer = o->issuer,
		.life = o->ttl.given ? o->ttl.seconds : INVITE_LIFE,
		.validity = o->validity.given ? o->validity.seconds : ENROLMENT_LIFE,
	};
	if (!name_is_valid(out->agent))
		return err_set(
			e, ERR_USAGE,
			"'%s' is not a name for an agent, which is 1 to %d of A-Z a-z 0-9 . _ -",
			text_escaped(&s->arena, out->agent), NAME_LIMIT);
	if (out->life < 1 || out->life > TTL_LIMIT)
		return err_set(e, ERR_USAGE, "'--ttl' is 1s to 24h");
	if (out->validity < 1)
		return err_set(e, ERR_USAGE, "'--validity' is at least 1s");
	return read_hosts(s, &o->hosts, out, e);
}

/* The token is printed here, and nowhere else. */
static void cmd_invite_show(struct session *s, const struct invited *i)
{
	AUTO(secret) token = { 0 };
	AUTO(buf) text = { 0 };
	char until[TIME_TEXT];

	token_to_text(&i->token, &token);
	buf_printf(&text, "invite %s\ntoken %s\n", i->invite.id, token.bytes);
	term_print(&s->terminal, &text);
	wipe(text.data, text.len);
	term_note(
		&s->terminal,
		"until %s: on the host 'certfleet agent enrol --config FILE --token-file -', then here 'certfleet agent accept https://HOST:PORT --invite %s --token-file -'",
		time_format(i->invite.expires, until), i->invite.id);
}

static bool cmd_invite_run(struct session *s, const struct call *call, int *status, struct err *e)
{
	AUTO(invited) made = { 0 };
	struct invitation how = { 0 };

	(void)status;
	if (!cmd_invite_read_call(s, call, &how, e))
		return false;
	if (!session_has_state(s))
		return err_set(
			e, ERR_MISSING,
			"there is no state yet; 'certfleet apply' makes it, and the issuer of agents");
	if (!session_lock(s, LOCK_WAIT, "agent invite", e) ||
	    !enrol_invite(s->engine, &how, &s->arena, &made, e))
		return false;
	cmd_invite_show(s, &made);
	return true;
}

const struct command command_agent_invite = {
	.name = "agent invite",
	.words = "NAME",
	.summary = "make a token that enrols one agent",
	.help = "Prints it once. The agent's certificate gets the hosts given with --host as\nits names, is for servers alone, and is signed by the issuer that says\n'use: agents'. The token can be used once; five failures or its time end it.",
	.needs = NEEDS_FLEET | NEEDS_ENGINE,
	.words_least = 1,
	.words_most = 1,
	.options = options,
	.options_size = sizeof(struct invite_options),
	.run = cmd_invite_run,
};
