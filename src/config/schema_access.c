/* SPDX-License-Identifier: Apache-2.0 */
/* The accepted keys of access. */
#include "config/appmon_types.h"
#include "config/copies.h"
#include "config/policy.h"
#include "config/rows.h"
#include "config/schema.h"
#include "config/url.h"

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

static const struct field webdav_fields[] = {
	FIELD(struct web_access, "url", origin, const char *, web_place_type, .required = true,
	      .help = "https://HOST or https://HOST/DIR: its password goes there and below, and nowhere else",
	      .canonical = "webdav"),
	TEXT(struct web_access, "user", user, "the name to log in with", .required = true,
	     .canonical = "webdav_user"),
	SECRET(struct web_access, "password", secret, "the password", .required = true,
	       .canonical = "webdav_password"),
	PATH(struct web_access, "ca", ca,
	     "authorities that may sign the server's certificate, as PEM; the system's when left out",
	     .canonical = "webdav_ca"),
	{ 0 },
};
static const struct record webdav_record = {
	.name = "access_webdav",
	.fields = webdav_fields,
	.size = sizeof(struct web_access),
	.check = web_access_check,
	.help = "towards a WebDAV server that keeps copies of bundles",
};
static const struct field webdav_item = { .key = "webdav",
					  .type = &own_record_type,
					  .param = &webdav_record };
static const struct list_of webdav_items = { &webdav_item, sizeof(void *), 1, 100 };

static const struct field s3_fields[] = {
	FIELD(struct web_access, "endpoint", origin, const char *, web_place_type, .required = true,
	      .help = "https://HOST, or https://HOST/BUCKET when it is not for all buckets; buckets are part of the path",
	      .canonical = "s3"),
	TEXT(struct web_access, "region", region, "its region, as in us-east-1", .required = true,
	     .canonical = "s3_region"),
	SECRET(struct web_access, "key_id", key_id, "the access key ID", .required = true,
	       .canonical = "s3_key_id"),
	SECRET(struct web_access, "secret", secret, "the secret access key", .required = true,
	       .canonical = "s3_secret"),
	PATH(struct web_access, "ca", ca,
	     "authorities that may sign the server's certificate, as PEM; the system's when left out",
	     .canonical = "s3_ca"),
	{ 0 },
};
static const struct record s3_record = {
	.name = "access_s3",
	.fields = s3_fields,
	.size = sizeof(struct web_access),
	.check = web_access_check,
	.help = "towards an S3 service that keeps copies of bundles",
};
static const struct field s3_item = { .key = "s3", .type = &own_record_type, .param = &s3_record };
static const struct list_of s3_items = { &s3_item, sizeof(void *), 1, 100 };

static const struct field pin_item = { .key = "pin", .type = &pin_type };
static const struct list_of pin_items = { &pin_item, sizeof(char *), 1, 16 };
static const struct field appmon_fields[] = {
	FIELD(struct appmon_access, "url", origin, const char *, https_origin_type,
	      .required = true,
	      .help = "https://HOST:PORT of its web interface, as in https://dt.example.com:8021",
	      .canonical = "appmon"),
	TEXT(struct appmon_access, "user", user, "the account that reads collectors and restarts",
	     .required = true, .canonical = "appmon_user"),
	SECRET(struct appmon_access, "password", password, "its password", .required = true,
	       .canonical = "appmon_password"),
	PATH(struct appmon_access, "ca", ca,
	     "authorities that may sign its web certificate, as PEM; the system's when left out",
	     .canonical = "appmon_ca"),
	FIELD(struct appmon_access, "pin", pins, const char *const *, ended_list_type,
	      .param = &pin_items,
	      .help = "instead of an authority its web certificate itself: sha256: and the fingerprint in hex; of several, one of them",
	      .canonical = "appmon_pin"),
	{ 0 },
};
static const struct record appmon_record = {
	.name = "access_appmon",
	.fields = appmon_fields,
	.size = sizeof(struct appmon_access),
	.rules = (const struct key_rule[]){ { KEYS_APART, { "ca", "pin" } }, { 0 } },
	.check = appmon_access_check,
	.help = "towards the REST interface of the AppMon Server",
};

static const struct field access_fields[] = {
	FIELD(struct fleet_access, "agent", agent, struct agent_access, record_type,
	      .param = &agent_record, .help = "towards agents"),
	FIELD(struct fleet_access, "ssh", ssh, struct ssh_access, record_type, .param = &ssh_record,
	      .help = "over SSH"),
	FIELD(struct fleet_access, "webdav", webdav, const struct web_access *const *,
	      web_list_type, .param = &webdav_items,
	      .help = "towards copies of bundles at https:// URLs"),
	FIELD(struct fleet_access, "s3", s3, const struct web_access *const *, web_list_type,
	      .param = &s3_items, .help = "towards copies of bundles at s3:// URLs"),
	FIELD(struct fleet_access, "appmon", appmon, struct appmon_access, record_type,
	      .param = &appmon_record, .help = "towards the AppMon Server"),
	UNSUPPORTED("proxy"),
	{ 0 },
};
const struct record access_record = {
	.name = "access",
	.fields = access_fields,
	.size = sizeof(struct fleet_access),
	.help = "certfleet's own identity towards components",
};
