/* SPDX-License-Identifier: Apache-2.0 */
/* The accepted keys of access. */
#include "config/policy.h"
#include "config/rows.h"
#include "config/schema.h"

static const struct field agent_fields[] = {
	PATH(struct agent_access, "certificate", certificate, "the operator's certificate, as PEM",
	     .required = true, .canonical = "agent_certificate"),
	PATH(struct agent_access, "key", key, "its private key, as PEM; orders are signed with it",
	     .required = true, .canonical = "agent_key"),
	PATH(struct agent_access, "ca", ca,
	     "the authority that signs the agents' certificates, as PEM", .required = true,
	     .canonical = "agent_ca"),
	{ 0 },
};
static const struct record agent_record = {
	.name = "access_agent",
	.fields = agent_fields,
	.size = sizeof(struct agent_access),
	.help = "towards agents",
};

static const struct field ssh_fields[] = {
	FIELD(struct ssh_access, "key", key, struct secret_ref, key_ref_type,
	      .param = &secret_record, .required = true,
	      .help = "the private key to log in with: a path, or a secret",
	      .canonical = "ssh_key"),
	FIELD(struct ssh_access, "passphrase", passphrase, struct secret_ref, secret_type,
	      .param = &secret_record, .help = "opens the key", .canonical = "ssh_passphrase"),
	PATH(struct ssh_access, "known_hosts", known_hosts,
	     "the keys of hosts, as OpenSSH lists them", .canonical = "ssh_known_hosts"),
	{ 0 },
};
static const struct record ssh_record = {
	.name = "access_ssh",
	.fields = ssh_fields,
	.size = sizeof(struct ssh_access),
	.help = "over SSH, to all hosts that 'sftp' names",
};

static const struct field access_fields[] = {
	FIELD(struct fleet_access, "agent", agent, struct agent_access, record_type,
	      .param = &agent_record, .help = "towards agents"),
	FIELD(struct fleet_access, "ssh", ssh, struct ssh_access, record_type, .param = &ssh_record,
	      .help = "over SSH"),
	UNSUPPORTED("appmon"),
	UNSUPPORTED("proxy"),
	{ 0 },
};
const struct record access_record = {
	.name = "access",
	.fields = access_fields,
	.size = sizeof(struct fleet_access),
	.help = "certfleet's own identity towards components",
};
