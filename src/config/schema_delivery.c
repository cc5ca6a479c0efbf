/* SPDX-License-Identifier: Apache-2.0 */
/* The accepted keys of deliver, activate and verify. */
#include "config/schema.h"

#include "config/deliver_http.h"
#include "config/delivery.h"
#include "config/forms.h"
#include "config/netname.h"
#include "config/rows.h"

#include <signal.h>

static const struct bounds handshakes = { 1, 100 };
static const struct bounds proxy_protocols = { 2, 2 };

const char *const signal_names[] = { "HUP", "USR1", "USR2", "TERM", NULL };
const int signal_numbers[] = { SIGHUP, SIGUSR1, SIGUSR2, SIGTERM };
_Static_assert(sizeof(signal_names) / sizeof(*signal_names) ==
		       sizeof(signal_numbers) / sizeof(*signal_numbers) + 1,
	       "every signal has a number");

static const struct field install_fields[] = {
	INSTALL_ROWS(struct install, , PATH),
	{ 0 },
};
const struct key_rule install_rules[] = {
	{ KEYS_APART, { "directory", "certificate", "key", "leaf", "chain", "ca", "combined" } },
	{ 0 },
};
const struct record install_record = {
	.name = "files",
	.fields = install_fields,
	.size = sizeof(struct install),
	.rules = install_rules,
	.check = install_check,
	.help = "paths on this machine",
};

static const struct field haproxy_fields[] = {
	FIELD(struct haproxy, "socket", socket, const char *, socket_type, .required = true,
	      .help = "its runtime API, level admin: the path of a unix socket, or tcp://HOST:PORT on this machine",
	      .canonical = "haproxy_socket", .last = true),
	PATH(struct haproxy, "certificate", certificate,
	     "the file it loads leaf, chain and key from, as its configuration names it",
	     .required = true, .canonical = "combined_file"),
	{ 0 },
};
static const struct record haproxy_record = {
	.name = "haproxy",
	.fields = haproxy_fields,
	.size = sizeof(struct haproxy),
	.check = haproxy_check,
	.help = "swapped in a running HAProxy, and its file written",
};

static const struct field agent_fields[] = {
	FIELD(struct agent_place, "url", url, const char *, https_type, .required = true,
	      .help = "https://HOST:PORT of the agent", .canonical = "agent"),
	OBJECT_NAME(struct agent_place, "component", component,
		    "its name in the agent's configuration, when it has another",
		    .canonical = "agent_component"),
	FLAG(struct agent_place, "self", self, "it is the agent's own pair",
	     .canonical = "agent_self"),
	{ 0 },
};
static const struct record agent_place_record = {
	.name = "agent",
	.fields = agent_fields,
	.size = sizeof(struct agent_place),
	.component_check = agent_component_check,
	.locate = agent_locate,
	.help = "an agent on the component's host",
};

static const struct field deliver_fields[] = {
	FIELD(struct deliver, "files", files, struct install, record_type, .param = &install_record,
	      .help = "onto the machine certfleet runs on"),
	FIELD(struct deliver, "haproxy", haproxy, struct haproxy, record_type,
	      .param = &haproxy_record,
	      .help = "into a running HAProxy on this machine, without a reload"),
	FIELD(struct deliver, "agent", agent, struct agent_place, agent_place_type,
	      .param = &agent_place_record, .help = "by an agent on the component's host"),
	{
		.key = "sftp",
		.type = &record_type,
		.param = &sftp_record, /* writes to the whole struct deliver */
		.help = "onto another machine, over SSH",
	},
	FIELD(struct deliver, "caddy", caddy, const struct caddy *, own_record_type,
	      .param = &caddy_record, .help = "into a running Caddy on this machine"),
	FIELD(struct deliver, "http", http, const struct http *, own_record_type,
	      .param = &http_record, .help = "by requests to an API"),
	FIELD(struct deliver, "etcd", etcd, const struct etcd *, own_record_type,
	      .param = &etcd_record, .help = "as keys of an etcd, for its readers"),
	FIELD(struct deliver, "command", command, const struct commands *, own_record_type,
	      .param = &commands_record, .help = "by programs on this machine"),
	FIELD(struct deliver, "handoff", handoff, const struct handoff *, own_record_type,
	      .param = &handoff_record, .help = "as a file that a person imports"),
	{ 0 },
};
const struct record deliver_record = {
	.name = "deliver",
	.fields = deliver_fields,
	.size = sizeof(struct deliver),
	.check = deliver_check,
	.one_key = true,
	.help = "how a pair gets onto a component",
};
const struct field deliver_value = { .key = "deliver",
				     .type = &record_type,
				     .param = &deliver_record };

#define ON_ITS_HOST(TIMEOUT_DEFAULT)                                                              \
	FIELD(struct activate_form, "unit", unit, const char *, unit_type,                        \
	      .help = "a systemd unit: reloaded if it can be, else restarted; left alone while "  \
		      "it is inactive"),                                                          \
		FLAG(struct activate_form, "start", start, "with 'unit': started when inactive"), \
		CHOICE(struct activate_form, "signal", signal, signal_names,                      \
		       "a signal to the process that pidfile names"),                             \
		PATH(struct activate_form, "pidfile", pidfile,                                    \
		     "the file that holds the process number"),                                   \
		PATH(struct activate_form, "exe", exe,                                            \
		     "with 'signal': the executable of the process, which is checked"),           \
		ARGV(struct activate_form, "reload", reload,                                      \
		     "a program and its arguments, run without a shell, which reloads"),          \
		ARGV(struct activate_form, "command", command,                                    \
		     "a program and its arguments, run without a shell, which restarts"),         \
		DURATION(struct activate_form, "timeout", timeout, waits,                         \
			 "how long the activation may take; " TIMEOUT_DEFAULT " when left out")

/* A signal has no default: with a pidfile it must be given. */
static const struct activate_form activate_preset = {
	.signal = sizeof(signal_numbers) / sizeof(*signal_numbers),
};

static const struct field activate_fields[] = {
	ON_ITS_HOST("and at most: restart.timeout of its role"),
	FIELD(struct activate_form, "http", http, const struct http_call *, call_type,
	      .param = &call_record, .help = "a request, made from here"),
	{ 0 },
};
static const struct key_rule activate_rules[] = {
	{ KEYS_TOGETHER, { "signal", "pidfile" } },
	{ KEYS_TOGETHER, { "pidfile", "signal" } },
	{ 0 },
};
const struct record activate_record = {
	.name = "activate",
	.fields = activate_fields,
	.size = sizeof(struct activate_form),
	.preset = &activate_preset,
	.rules = activate_rules,
	.help = "makes the process take the installed pair into use",
};
static const struct field host_activate_fields[] = {
	ON_ITS_HOST("60s"),
	{ 0 },
};
const struct record host_activate_record = {
	.name = "activate",
	.fields = host_activate_fields,
	.size = sizeof(struct activate_form),
	.preset = &activate_preset,
	.rules = activate_rules,
	.help = "makes the process take the installed pair into use",
};
const struct field activate_value = { .key = "activate",
				      .type = &activate_type,
				      .param = &activate_record };

static const struct field identity_fields[] = {
	PATH(struct verify_identity, "certificate", certificate,
	     "the client certificate and those above it, as PEM", .required = true,
	     .canonical = "identity_certificate"),
	PATH(struct verify_identity, "key", key, "its private key, as PEM", .required = true,
	     .canonical = "identity_key"),
	{ 0 },
};
static const struct record identity_record = {
	.name = "verify_identity",
	.fields = identity_fields,
	.size = sizeof(struct verify_identity),
	.help = "a client certificate, for a port that demands one",
};

static const struct field verify_fields[] = {
	FIELD(struct verify, "tls", address, const char *, address_type, .required = true,
	      .help = "the TLS port that serves it"),
	HOST(struct verify, "server_name", server_name,
	     "the name asked for; the host when that is a name, else the address or the first DNS name of the certificate"),
	COUNT(struct verify, "consecutive", consecutive, handshakes,
	      "full handshakes in a row that must present it, over at least 300 ms; 3 when left out, 1 when the driver swaps the pair in the running process",
	      .last = true),
	FIELD(struct verify, "starttls", starttls, unsigned, starttls_type,
	      .param = starttls_names + 1, .help = "the protocol that is spoken before TLS begins"),
	FIELD(struct verify, "identity", identity, struct verify_identity, record_type,
	      .param = &identity_record,
	      .help = "the client certificate that is shown to a port that demands one"),
	FIELD(struct verify, "proxy_protocol", proxy_protocol, unsigned, proxy_protocol_type,
	      .param = &proxy_protocols,
	      .help = "the version of the PROXY header that the port expects before anything else"),
	PATH(struct verify, "trust", trust,
	     "the roots that the served chain must lead to, as PEM; the root of the desired chain when left out"),
	{ 0 },
};
static const struct record verify_record = {
	.name = "verify",
	.fields = verify_fields,
	.size = sizeof(struct verify),
	.check = verify_check,
	.help = "a TLS port that must serve the certificate",
};
static const struct field verify_item = { .key = "verify",
					  .type = &record_type,
					  .param = &verify_record };
const struct list_of verify_items = { &verify_item, sizeof(struct verify), 0, 100 };
const struct field verify_value = { .key = "verify",
				    .type = &one_or_list_type,
				    .param = &verify_items };
