/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An issuer with `use: agents` signs enrolments, and otherwise only the renewal
 * of an agent's own pair.  Without this rule, any author of a merged change to
 * the fleet file could obtain a certificate that agents or operators trust.
 *
 * A renewal gives no new rights.  Its key goes only to the agent at the URL,
 * which has proved to hold a certificate of that issuer for that very host, and
 * which refuses unless the component is its own pair; the certificate names
 * that host and nothing else; and it is for servers alone, so that no agent
 * takes it for an operator's.
 *
 * An issuer with `use: operators` signs the clients that agents obey, and only
 * those named in the fleet file.
 */
#include "config/check.h"

#include "base/fs.h"
#include "config/forms.h"
#include "config/netname.h"

#include <string.h>
#include <strings.h>

static bool is_signed_for(const struct loader *ld, const struct certificate_form *f,
			  enum issuer_use use)
{
	const struct issuer_form *issuer =
		f->issuer ? lookup_find(&ld->issuer_forms, f->issuer) : NULL;

	return issuer && issuer->issuer.use == use;
}

static bool report_use(struct loader *ld, const struct certificate_form *f, const char *whose)
{
	return config_error(
		ld, node_find(f->node, "issuer"),
		"issuer '%s' is for agents, which 'certfleet agent invite' and 'accept' enrol; a certificate may name it only to renew an agent's own pair, with 'deliver: {agent: {url: ..., self: true}}'%s",
		f->issuer, whose);
}

static const struct node *node_of(const struct certificate_form *f, const char *key,
				  const char *or_key)
{
	const struct node *n = node_find(f->node, key);

	return n ? n : node_find(f->node, or_key);
}

static bool is_host(struct loader *ld, const char *text, const char *host)
{
	const char *ip = ip_canonical(&ld->work, host);
	const char *other = ip_canonical(&ld->work, text);

	if (ip || other)
		return ip && other && !strcmp(ip, other);
	return !strcasecmp(text, host);
}

/* The common name counts only without a DNS name (RFC 2818). */
static bool names_by_subject(struct loader *ld, const char *subject, const char *host)
{
	const char *canonical = NULL;
	const char *cn = NULL;
	struct err e = { 0 };

	if (!ld->subject(subject, &ld->work, &canonical, &cn, &e))
		return false;
	return !cn || (!strncmp(canonical, "CN=", 3) && is_host(ld, canonical + 3, host));
}

static bool names_only(struct loader *ld, const struct certificate *c, const char *host)
{
	return c->name_count == 1 &&
	       (c->names[0].kind == NAME_DNS || c->names[0].kind == NAME_IP) &&
	       is_host(ld, c->names[0].value, host) && names_by_subject(ld, c->subject, host);
}

static bool check_renewal(struct loader *ld, const struct build *b, size_t i)
{
	const struct component *c = &b->components[i];
	const struct draft *d = &b->drafts[i];
	const struct certificate *wanted = fleet_certificate(&ld->fleet, d->certificate);
	const char *host = NULL;
	uint16_t port = 0;

	if (!deliver_renews_agent(&c->deliver))
		return report_use(ld, d->form,
				  arena_printf(&ld->work, ", not on %s", draft_words(ld, d, c)));
	if (!wanted ||
	    !host_port_parse(&ld->work, c->deliver.agent.url + strlen("https://"), &host, &port))
		return true; /* reported already */
	if (wanted->purpose != PURPOSE_SERVER)
		return config_error(
			ld, node_find(d->form->node, "purpose"),
			"an agent's own pair is for servers alone: 'purpose: [server]'");
	return names_only(ld, wanted, host) ||
	       config_error(
		       ld, node_of(d->form, "names", "subject"),
		       "an agent's own pair names the host of its URL and nothing else: subject 'CN=HOST', names [HOST]; on %s it does not",
		       draft_words(ld, d, c));
}

/* With another issuer the agent could not be authenticated after the renewal. */
static bool check_trusted(struct loader *ld, const struct build *b, size_t i)
{
	const struct component *c = &b->components[i];
	const struct draft *d = &b->drafts[i];

	return !deliver_renews_agent(&c->deliver) || !d->form->issuer ||
	       config_error(
		       ld, node_find(d->form->node, "issuer"),
		       "an agent's own pair needs an issuer with 'use: agents': issuer '%s' is not one of them; on %s",
		       d->form->issuer, draft_words(ld, d, c));
}

static void check_agents_certificates(struct loader *ld, const struct build *b)
{
	const struct certificate_form *reported = NULL;

	vec_each (entry, &ld->certificates.entries) {
		const struct certificate_form *f =
			lookup_find(&ld->certificate_forms, entry->key->text);

		/* per component, no component means no certificate */
		if (f->good && !f->users && f->per == PER_FLEET && is_signed_for(ld, f, USE_AGENTS))
			report_use(ld, f, "");
	}
	for (size_t i = 0; i < ld->fleet.component_count; i++) {
		const struct certificate_form *f = b->drafts[i].form;

		if (f == reported || !f->good)
			continue;
		if (is_signed_for(ld, f, USE_AGENTS) ? !check_renewal(ld, b, i)
						     : !check_trusted(ld, b, i))
			reported = f;
	}
}

static const struct node *access_ca(const struct node *root)
{
	const struct node *access = node_find(root, "access");
	const struct node *agent =
		access && access->kind == NODE_MAPPING ? node_find(access, "agent") : NULL;

	return agent && agent->kind == NODE_MAPPING ? node_find(agent, "ca") : NULL;
}

/* The CA that agents are authenticated with must sign nothing else. */
static void check_agents_authority(struct loader *ld, const struct node *root)
{
	const char *ca = ld->fleet.access.agent.ca;
	const struct node *at = access_ca(root);

	for (size_t i = 0; ca && at && i < ld->fleet.issuer_count; i++) {
		const struct issuer *issuer = &ld->fleet.issuers[i];

		if (!issuer->publish || issuer->use == USE_AGENTS ||
		    strcmp(fs_absolute(&ld->work, issuer->publish), fs_absolute(&ld->work, ca)) !=
			    0)
			continue;
		config_error(
			ld, at,
			"'ca' is what issuer '%s' publishes, which signs other certificates as well: give agents an issuer of their own, with 'use: agents'",
			issuer->name);
	}
}

/* ---- operators ---- */

static bool has_subject(struct loader *ld, const struct certificate_form *f, const char **out)
{
	const char *cn = NULL;
	struct err e = { 0 };

	return f->subject && f->subject->kind == NODE_TEXT &&
	       ld->subject(f->subject->text, &ld->work, out, &cn, &e);
}

/*
 * An agent that allows a name obeys everyone with a certificate for it: each
 * operator is one entry of the fleet file, with a name of its own.
 */
static void check_agents_operators(struct loader *ld)
{
	AUTO(lookup) subjects = { 0 };

	vec_each (entry, &ld->certificates.entries) {
		const struct certificate_form *f =
			lookup_find(&ld->certificate_forms, entry->key->text);
		const struct certificate_form *other = NULL;
		const char *subject = NULL;

		if (!f->good || !is_signed_for(ld, f, USE_OPERATORS))
			continue;
		if (f->per == PER_COMPONENT)
			config_error(
				ld, node_find(f->node, "per"),
				"issuer '%s' is for operators, each of whom is a certificate of its own: it signs none 'per: component'",
				f->issuer);
		else if (has_subject(ld, f, &subject))
			other = lookup_add(&subjects, subject, f);
		if (other)
			config_error(
				ld, f->subject,
				"operators are told apart by their subject: certificate '%s' has this one already",
				other->key->text);
	}
}

void check_agents(struct loader *ld, const struct build *b, const struct node *root)
{
	check_agents_authority(ld, root);
	check_agents_certificates(ld, b);
	check_agents_operators(ld);
}
