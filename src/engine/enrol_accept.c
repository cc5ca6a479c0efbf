/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/enrol_accept.h"

#include "base/clock.h"
#include "base/text.h"
#include "crypto/token.h"
#include "drivers/enrol_client.h"
#include "engine/agents_ca.h"
#include "engine/enrol_internal.h"
#include "engine/pairs.h"
#include "pki/csr.h"
#include "pki/issue.h"
#include "state/enrolment_records.h"

#include <string.h>

enum {
	COMMON_NAME_LIMIT = 64, /* X.520 */
	ENDED_SHOWN = 90 * 86400,
};

/* One enrolment in progress. */
struct enrolment {
	struct engine *en;
	const struct acceptance *what;
	struct arena *arena;
	struct invite invite;
	struct generation authority;
	struct trust_grant admission;
	struct cert_set set; /* the signed certificate and its chain */
};

/* ---- the invite ---- */

/* Counts a failed attempt against the invite; `e` keeps the cause. */
static bool enrol_accept_failed(struct enrolment *n, struct err *e)
{
	AUTO(change) change = change_new(n->en->state);
	const char *why = arena_strdup(n->arena, e->text);
	struct err unrecorded = { 0 };

	n->invite.failures++;
	change_invite(change, &n->invite);
	if (!state_commit(n->en->state, change, &unrecorded)) {
		*e = unrecorded;
		return err_in(e, "cannot record a failed attempt of the invite");
	}
	return err_set(e, e->code, "%s; that was attempt %u of %d%s", why, n->invite.failures,
		       INVITE_FAILURES,
		       n->invite.failures < INVITE_FAILURES ? "" : ", and the invite has ended");
}

static bool enrol_accept_read_invite(struct enrolment *n, struct err *e)
{
	const char *id = text_escaped(n->arena, n->what->invite);
	char until[TIME_TEXT];

	if (!state_invite(n->en->state, n->what->invite, n->arena, &n->invite, e))
		return e->code == ERR_MISSING
			       ? err_set(e, ERR_MISSING,
					 "there is no invite '%s'; one is used up by its first success, make another with 'certfleet agent invite'",
					 id)
			       : false;
	if (n->invite.failures >= INVITE_FAILURES)
		return err_set(
			e, ERR_INPUT,
			"invite '%s' has ended: %d attempts failed; make another with 'certfleet agent invite'",
			id, INVITE_FAILURES);
	if (n->invite.expires <= clock_now())
		return err_set(
			e, ERR_INPUT,
			"invite '%s' expired at %s; make another with 'certfleet agent invite'", id,
			time_format(n->invite.expires, until));
	return true;
}

static bool check_token(struct enrolment *n, struct err *e)
{
	char digest[SHA256_TEXT];

	token_digest(n->what->token, digest);
	if (strlen(n->invite.token) == sizeof(digest) - 1 &&
	    bytes_equal(digest, n->invite.token, sizeof(digest) - 1))
		return true;
	err_set(e, ERR_INPUT, "that is not the token of invite '%s'", n->invite.id);
	return enrol_accept_failed(n, e);
}

/* What a fleet relies on is not replaced by an invite alone. */
static bool check_again(const struct enrolment *n, struct err *e)
{
	const struct enrolled *all = NULL;
	size_t count = 0;
	char until[TIME_TEXT];

	if (!state_enrolled(n->en->state, n->arena, &all, &count, e))
		return false;
	for (size_t i = 0; i < count && !n->what->again; i++)
		if (!strcmp(all[i].agent, n->invite.agent))
			return err_set(
				e, ERR_INPUT,
				"agent '%s' is enrolled, with a certificate until %s; if its host was set up anew, say so with --again: its components stay",
				text_escaped(n->arena, n->invite.agent),
				time_format(all[i].not_after, until));
	return true;
}

/* ---- signing ---- */

static bool enrol_accept_read_name(const char *text, struct san *out)
{
	for (unsigned kind = 0; kind < NAME_KIND_COUNT; kind++) {
		size_t len = strlen(name_kind_names[kind]);

		if (strncmp(text, name_kind_names[kind], len) || text[len] != ':')
			continue;
		*out = (struct san){ kind, text + len + 1 };
		return true;
	}
	return false;
}

/* Certificate to sign: the names come from the invite, never from the request. */
static bool wanted(const struct enrolment *n, struct certificate *out, struct err *e)
{
	const struct invite *i = &n->invite;
	struct san *names = arena_array(n->arena, i->name_count, sizeof(*names));

	for (size_t k = 0; k < i->name_count; k++)
		if (!enrol_accept_read_name(i->names[k], &names[k]))
			return err_set(e, ERR_IO, "invite '%s' is damaged", i->id);
	*out = (struct certificate){
		.name = i->agent,
		.subject = "",
		.validity = i->validity,
		.names = names,
		.name_count = i->name_count,
		.purpose = PURPOSE_SERVER,
	};
	if (strlen(names[0].value) <= COMMON_NAME_LIMIT)
		out->subject = arena_printf(n->arena, "CN=%s", names[0].value);
	return true;
}

/* The request is decoded before any key is there. */
static bool enrol_accept_sign(struct enrolment *n, struct der csr, struct err *e)
{
	AUTO(authority) by = NULL;
	struct certificate c = { 0 };
	struct leaf_request r = { .certificate = &c, .now = clock_now() };
	struct cert_set set = { 0 };
	AUTO(secret) key = { 0 };

	return csr_read(csr, n->arena, &r.spki, e) && wanted(n, &c, e) && engine_unseal(n->en, e) &&
	       stored_certificates(n->en->state, &n->authority, n->arena, &set, e) &&
	       state_key(n->en->state, n->authority.spki, &key, e) &&
	       authority_open(&key, &set, &by, e) && issue_for(&r, by, n->arena, &n->set, e);
}

/* ---- records in the state ---- */

/* One transaction removes the invite and records its certificate. */
static bool enrol_accept_record(struct enrolment *n, struct enrolled *out, struct err *e)
{
	AUTO(change) change = change_new(n->en->state);
	const struct enrolled *all = NULL;
	struct cert_facts facts = { 0 };
	size_t count = 0;
	int64_t now = clock_now();
	unsigned number = 1;

	if (!state_enrolled(n->en->state, n->arena, &all, &count, e) ||
	    !cert_read_facts(n->set.certs[0], n->arena, &facts, e))
		return false;
	for (size_t i = 0; i < count; i++) {
		bool same = !strcmp(all[i].agent, n->invite.agent);

		if (same && all[i].number >= number)
			number = all[i].number + 1;
		/* Expired records are dropped at once when the agent has a later one. */
		if (all[i].not_after + (same ? 0 : ENDED_SHOWN) <= now)
			change_forget_enrolled(change, &all[i]);
	}
	*out = (struct enrolled){
		.agent = n->invite.agent,
		.number = number,
		.issuer = n->invite.issuer,
		.authority = n->authority.fingerprint,
		.serial = facts.serial,
		.fingerprint = facts.fingerprint,
		.spki = facts.spki,
		.names = n->invite.names,
		.name_count = n->invite.name_count,
		.not_before = facts.not_before,
		.not_after = facts.not_after,
	};
	change_forget_invite(change, n->invite.id);
	change_enrolled(change, out);
	return state_commit(n->en->state, change, e) ||
	       err_in(e, "cannot keep the new certificate");
}

/* ---- enrolment ---- */

static bool enrol_accept_hand_over(struct enrolment *n, struct enrol_client *agent,
				   struct receipt *out, struct err *e)
{
	const struct grant grant = { .certs = n->set.certs,
				     .cert_count = n->set.count,
				     .admission = n->admission };

	if (!enrol_client_grant(agent, &grant, n->arena, out, e))
		return err_in(
			e,
			"the certificate was issued, but the agent did not confirm it; make another invite if the agent does not have it");
	return out->written ||
	       err_set(e, ERR_REMOTE,
		       "the certificate was issued, but the agent could not use it: %s; fix that and make another invite",
		       out->note_count ? out->notes[out->note_count - 1] : "without a reason");
}

bool enrol_accept(struct engine *en, const struct acceptance *what, struct arena *a,
		  struct enrol_result *out, struct err *e)
{
	struct enrolment n = { .en = en, .what = what, .arena = a };
	const struct enrol_client_target to = { what->host, what->port, what->token };
	const struct issuer *issuer = NULL;
	AUTO(enrol_client) agent = NULL;

	if (!enrol_accept_read_invite(&n, e) || !check_token(&n, e) || !check_again(&n, e))
		return false;
	issuer = fleet_issuer(en->fleet, n.invite.issuer);
	if (!issuer || issuer->use != USE_AGENTS)
		return err_set(
			e, ERR_INPUT,
			"issuer '%s' of the invite does not sign agents any more; make another with 'certfleet agent invite'",
			n.invite.issuer);
	if (!enrol_authority(en, n.invite.issuer, a, &n.authority, e) ||
	    !agents_ca_fits(en, &n.authority, e) ||
	    !operator_grant(en, &what->spec, a, &n.admission, e))
		return false;
	if (!enrol_client_open(&to, &agent, e))
		return e->code == ERR_CRYPTO && enrol_accept_failed(&n, e);
	if (!enrol_accept_sign(&n, enrol_client_csr(agent), e) ||
	    !enrol_accept_record(&n, &out->agent, e)) {
		enrol_client_refuse(agent, e);
		return false;
	}
	return enrol_accept_hand_over(&n, agent, &out->receipt, e);
}
