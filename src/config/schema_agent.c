/* SPDX-License-Identifier: Apache-2.0 */
/* The accepted keys of an agent's own configuration. */
#include "config/agent_load.h"
#include "config/delivery.h"
#include "config/netname.h"
#include "config/rows.h"
#include "config/schema.h"

static const struct field caller_item = { .key = "allow", .type = &allowed_client_type };
static const struct list_of clients = { &caller_item, sizeof(struct allowed_client), 1,
					ALLOW_LIMIT };

static const struct field tls_fields[] = {
	PATH(struct agent_tls_form, "certificate", certificate,
	     "its certificate as PEM, the leaf first", .required = true),
	PATH(struct agent_tls_form, "key", key, "the private key of that", .required = true),
	PATH(struct agent_tls_form, "client_ca", client_ca,
	     "PEM file of the CA certificates of allowed clients", .required = true),
	LIST(struct agent_tls_form, "allow", clients, list_type, clients,
	     "an allowed client: \"spki:SHA-256\" of a key, or a complete name"),
	PATH(struct agent_tls_form, "allow_file", allow_file,
	     "instead of 'allow': a file with one of these a line"),
	{ 0 },
};
static const struct record tls_record = {
	.name = "tls",
	.fields = tls_fields,
	.size = sizeof(struct agent_tls_form),
	.check = agent_tls_check,
	.help = "the agent's certificate, and its clients",
};

static const struct field version_fields[] = {
	TEXT(struct agent_version_form, "text", text, "the version itself"),
	PATH(struct agent_version_form, "file", file, "a file that holds it in its first line"),
	ARGV(struct agent_version_form, "command", command, "a program that prints it"),
	{ 0 },
};
static const struct record version_record = {
	.name = "version",
	.fields = version_fields,
	.size = sizeof(struct agent_version_form),
	.one_key = true,
	.help = "how the version of the process is found out",
};

static const struct field component_fields[] = {
	FIELD(struct agent_component_form, "version", version, struct agent_version_form,
	      record_type, .param = &version_record,
	      .help = "how the version of the process is found out"),
	FIELD(struct agent_component_form, "install", install, struct install, record_type,
	      .param = &install_record, .help = "where its pair is put", .required = true),
	FIELD(struct agent_component_form, "activate", activate, struct activate,
	      host_activate_type, .param = &host_activate_record,
	      .help = "makes its process take the pair into use"),
	LIST(struct agent_component_form, "check", check, one_or_list_type, verify_items,
	     "TLS ports of this host that must serve it"),
	{ 0 },
};
const struct record agent_component_record = {
	.name = "component",
	.fields = component_fields,
	.size = sizeof(struct agent_component_form),
	.help = "one place of one certificate on this host",
};

static const struct field agent_fields[] = {
	FIELD(struct agent_form, "certfleet-agent", version, unsigned, version_type,
	      .required = true, .help = "the format: 1"),
	FIELD(struct agent_form, "listen", listen, const char *, address_type, .required = true,
	      .help = "the address and port it listens on, for example 0.0.0.0:7443"),
	FIELD(struct agent_form, "tls", tls, struct agent_tls_form, record_type,
	      .param = &tls_record, .required = true,
	      .help = "the agent's certificate, and its clients"),
	NAME(struct agent_form, "user", user,
	     "user of the network half when the agent is started as root (default: certfleet-agent, or nobody where that is missing)"),
	PATH(struct agent_form, "state", state,
	     "the directory of its last orders, of this agent alone (default: one of its own in /var/lib/certfleet-agent, named by the path of this file)"),
	FIELD(struct agent_form, "components", components, struct items, agent_components_type,
	      .param = &agent_component_record, .required = true,
	      .help = "by their names in the fleet file"),
	{ 0 },
};
const struct record agent_record = {
	.name = "agent",
	.fields = agent_fields,
	.size = sizeof(struct agent_form),
	.extensions = true,
	.help = "configuration of an agent",
};
