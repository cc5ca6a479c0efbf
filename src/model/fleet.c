/* SPDX-License-Identifier: Apache-2.0 */
#include "model/fleet.h"

#include "base/buf.h"
#include "base/text.h"

#include <inttypes.h>

const char *const key_type_names[KEY_TYPE_COUNT + 1] = {
	[KEY_ECDSA_P256] = "ecdsa-p256", [KEY_ECDSA_P384] = "ecdsa-p384",
	[KEY_ECDSA_P521] = "ecdsa-p521", [KEY_ED25519] = "ed25519",
	[KEY_RSA_2048] = "rsa-2048",     [KEY_RSA_3072] = "rsa-3072",
	[KEY_RSA_4096] = "rsa-4096",
};

const char *const name_kind_names[NAME_KIND_COUNT + 1] = {
	[NAME_DNS] = "dns",
	[NAME_IP] = "ip",
	[NAME_URI] = "uri",
	[NAME_EMAIL] = "email",
};
const char *const handoff_format_names[HANDOFF_FORMAT_COUNT + 1] = {
	[HANDOFF_ZIP] = "zip",
	[HANDOFF_PEM] = "pem",
	[HANDOFF_PKCS12] = "pkcs12",
};
const char *const starttls_names[STARTTLS_KIND_COUNT + 1] = {
	[STARTTLS_NONE] = "none",   [STARTTLS_POSTGRES] = "postgres", [STARTTLS_SMTP] = "smtp",
	[STARTTLS_IMAP] = "imap",   [STARTTLS_LDAP] = "ldap",         [STARTTLS_POP3] = "pop3",
	[STARTTLS_FTP] = "ftp",     [STARTTLS_MYSQL] = "mysql",       [STARTTLS_XMPP] = "xmpp",
	[STARTTLS_SIEVE] = "sieve",
};

const char *const notify_outcome_names[] = { [NOTIFY_CHANGED] = "changed",
					     [NOTIFY_FAILED] = "failed",
					     [NOTIFY_AWAITING] = "awaiting",
					     NULL };
const char *const commit_order_names[] = {
	[COMMIT_BY_WAVE] = "by-wave", [COMMIT_ALL_FIRST] = "all-first", NULL
};
const char *const restart_when_names[] = {
	[RESTART_IMMEDIATE] = "immediate", [RESTART_POSTPONED] = "postponed", NULL
};
const char *const offline_policy_names[] = { [OFFLINE_BLOCK] = "block",
					     [OFFLINE_ACKNOWLEDGE] = "acknowledge",
					     [OFFLINE_DEFER] = "defer",
					     NULL };
const char *const on_failure_names[] = {
	[FAIL_STOP] = "stop", [FAIL_CONTINUE] = "continue", [FAIL_ROLLBACK] = "rollback", NULL
};

const char *const declared_verb_names[DECLARED_COUNT + 1] = {
	[DECLARED_PROBE] = "probe",       [DECLARED_STAGE] = "stage",
	[DECLARED_COMMIT] = "commit",     [DECLARED_ABORT] = "abort",
	[DECLARED_ACTIVATE] = "activate", [DECLARED_REVERT] = "revert",
	[DECLARED_REMOVE] = "remove",
};

size_t install_paths(const struct install *i, const char *out[INSTALL_PATHS])
{
	const char *const all[INSTALL_PATHS] = { i->directory, i->certificate, i->key,     i->leaf,
						 i->chain,     i->ca,          i->combined };
	size_t n = 0;

	for (size_t k = 0; k < INSTALL_PATHS; k++)
		if (all[k])
			out[n++] = all[k];
	return n;
}

size_t fleet_run_limit(const struct fleet *f)
{
	size_t limit = f->limits.components ? f->limits.components : SIZE_MAX;
	size_t share = (f->component_count * f->limits.percent + 99) / 100;

	if (f->limits.percent && share < limit)
		limit = share;
	return limit ? limit : 1;
}

void fleet_release(struct fleet *f)
{
	arena_release(&f->arena);
	*f = (struct fleet){ 0 };
}

#define FIRST_IS_NAME(type) \
	_Static_assert(offsetof(struct type, name) == 0, "text_find() needs the name first")
FIRST_IS_NAME(issuer);
FIRST_IS_NAME(certificate);
FIRST_IS_NAME(role);
FIRST_IS_NAME(component);

const struct issuer *fleet_issuer(const struct fleet *f, const char *name)
{
	return text_find(name, f->issuers, f->issuer_count, sizeof(*f->issuers));
}

const struct certificate *fleet_certificate(const struct fleet *f, const char *name)
{
	return text_find(name, f->certificates, f->certificate_count, sizeof(*f->certificates));
}

const struct role *fleet_role(const struct fleet *f, const char *name)
{
	return text_find(name, f->roles, f->role_count, sizeof(*f->roles));
}

const struct component *fleet_component(const struct fleet *f, const char *name)
{
	return text_find(name, f->components, f->component_count, sizeof(*f->components));
}

bool fleet_is_absent(const struct fleet *f, const char *name)
{
	return text_find(name, f->absent, f->absent_count, sizeof(*f->absent)) != NULL;
}

const char *component_address(const struct component *c)
{
	if (c->verify_count)
		return c->verify[0].address;
	if (c->host)
		return c->host;
	return c->deliver.remote;
}

bool fleet_has_group(const struct fleet *f, const char *name)
{
	return text_find(name, f->groups, f->group_count, sizeof(*f->groups)) != NULL;
}
