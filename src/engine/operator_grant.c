/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clients that a new agent shall accept: usually certfleet's own identity at
 * `access: {agent: ...}`.  The grant is checked the way the agent will check
 * it, so that no agent is enrolled that then accepts no client.
 */
#include "base/fs.h"
#include "engine/enrol_internal.h"
#include "engine/observe.h"
#include "pki/client_auth.h"

#include <string.h>

/* certfleet's identity towards agents: leaf first. */
struct operator_pair {
	struct cert_set set;
	struct allowed_client key; /* of the leaf, as an entry of `allow` */
};

static bool read_operator(struct engine *en, struct arena *a, struct operator_pair *out,
			  struct err *e)
{
	const char *path = en->fleet->access.agent.certificate;
	struct cert_facts facts = { 0 };

	if (!path)
		return err_set(
			e, ERR_INPUT,
			"there is no 'access: {agent: ...}', which names certfleet's own certificate; add it, or name the operators that the agent should obey with --client-ca and --allow");
	if (!pem_file_certs(path, a, NULL, &out->set, e) ||
	    !cert_read_facts(out->set.certs[0], a, &facts, e))
		return err_in(e, "cannot use 'access: {agent: ...}'");
	out->key = (struct allowed_client){ .spki = facts.spki };
	return true;
}

/* ---- CA that authorizes the operator ---- */

static bool is_let_in(const struct operator_pair *o, const char *authority, struct err *e)
{
	const struct agent_config like = { .clients = &o->key, .client_count = 1 };
	AUTO(arena) a = { 0 };
	AUTO(client_auth) clients = NULL;
	struct client caller = { 0 };

	return client_auth_new(&like, authority, strlen(authority), &clients, e) &&
	       client_auth_check(clients, o->set.certs, o->set.count, &a, &caller, e);
}

static const char *to_pem(const struct der *certs, size_t count, struct arena *a)
{
	AUTO(buf) text = { 0 };

	pem_add_certs(&text, certs, count);
	return arena_strdup(a, buf_text(&text));
}

/* CA of the fleet that signed the operator's certificate; NULL: none. */
static const char *managed_authority(struct engine *en, const struct operator_pair *o,
				     struct arena *a)
{
	const struct fleet *f = en->fleet;

	for (size_t i = 0; i < f->issuer_count; i++) {
		struct generation g = { 0 };
		struct cert_set set = { 0 };
		struct err ignored = { 0 };
		const char *pem = NULL;

		if (!enrol_authority(en, f->issuers[i].name, a, &g, &ignored) ||
		    !state_certificates(en->state, &g, a, &set, &ignored))
			continue;
		pem = to_pem(set.certs, set.count, a);
		if (is_let_in(o, pem, &ignored))
			return pem;
	}
	return NULL;
}

static bool find_authority(struct engine *en, const struct operator_pair *o, struct arena *a,
			   const char **out, struct err *e)
{
	struct err ignored = { 0 };

	*out = managed_authority(en, o, a);
	if (*out)
		return true;
	/* the top of what our own certificate brings along */
	if (o->set.count > 1) {
		*out = to_pem(&o->set.certs[o->set.count - 1], 1, a);
		if (is_let_in(o, *out, &ignored))
			return true;
	}
	return err_set(e, ERR_INPUT,
		       "the signer of '%s' is unknown; name its CA certificate with --client-ca",
		       en->fleet->access.agent.certificate);
}

/* ---- allow list ---- */

/* A renewal with a new key would lock the operator out. */
static bool keeps_key(struct engine *en, struct arena *a, struct err *e)
{
	const struct fleet *f = en->fleet;
	const char *path = fs_absolute(a, f->access.agent.certificate);

	for (size_t i = 0; i < f->component_count; i++) {
		const struct certificate *c = f->components[i].certificate;

		if (!certificate_is_issued(c) || c->rotation == ROTATE_REUSE ||
		    !component_writes(&f->components[i], path, a))
			continue;
		return err_set(
			e, ERR_INPUT,
			"certificate '%s' gets another key with each renewal, and an agent that allows the key would then lock certfleet out: say 'key_rotation: reuse' there, or allow its complete name with --allow",
			c->name);
	}
	return true;
}

bool operator_grant(struct engine *en, const struct grant_spec *spec, struct arena *a,
		    struct trust_grant *out, struct err *e)
{
	struct operator_pair o = { 0 };
	struct trust_grant to = { .allow = spec->allow, .allow_count = spec->allow_count };
	struct cert_set set = { 0 };

	if (spec->client_ca) {
		if (!pem_file_certs(spec->client_ca, a, NULL, &set, e))
			return err_in(e, "cannot use '--client-ca'");
		to.authority = to_pem(set.certs, set.count, a);
	}
	if (spec->client_ca && spec->allow_count) {
		*out = to;
		return true;
	}
	if (!read_operator(en, a, &o, e))
		return false;
	if (!to.allow_count) {
		if (!keeps_key(en, a, e))
			return false;

		const char **list = arena_array(a, 1, sizeof(*list));

		list[0] = arena_printf(a, "spki:%s", o.key.spki);
		to.allow = list;
		to.allow_count = 1;
	}
	if (!to.authority && !find_authority(en, &o, a, &to.authority, e))
		return false;
	if (!is_let_in(&o, to.authority, e))
		return err_in(e,
			      "the agent would refuse the certificate of 'access: {agent: ...}'");
	*out = to;
	return true;
}
