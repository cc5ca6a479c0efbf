/* SPDX-License-Identifier: Apache-2.0 */
#include "config/schema.h"

#include "config/appmon_types.h"
#include "config/certificate_types.h"
#include "config/copies.h"
#include "config/deliver_http.h"
#include "config/delivery.h"
#include "config/forms.h"
#include "config/netname.h"
#include "config/notify_types.h"
#include "config/policy.h"
#include "config/rows.h"
#include "config/topology.h"
#include "config/values.h"
#include "config/window_types.h"
#include "model/approval.h"

/* Units of durations, in seconds. */
enum {
	HOUR = 60 * 60,
	DAY = 24 * HOUR,
	YEAR = 365 * DAY
};

static const struct bounds lifetimes = { 60, 100LL * YEAR };
static const struct bounds pauses = { 0, DAY };
const struct bounds waits = { 1, DAY };
static const struct bounds no_count = { 0, 0 };
static const struct bounds any_count = { 0, GROUP_LIMIT };
static const struct bounds some_count = { 1, GROUP_LIMIT };

const char *const key_rotation_names[] = {
	[ROTATE_ALWAYS] = "always", [ROTATE_REUSE] = "reuse", NULL
};

/* the first name is the value of an absent key */
const char *const issuer_use_names[] = { [USE_CERTIFICATES] = "certificates",
					 [USE_AGENTS] = "agents",
					 [USE_OPERATORS] = "operators",
					 NULL };

static const char *const per_names[] = { [PER_COMPONENT] = "component", NULL };
/* enum purpose has a bit for each */
static const char *const purpose_names[] = { "server", "client", NULL };

/* --- lists of texts --- */

static const struct field argument = { .key = "command", .type = &argument_type };
const struct list_of arguments = { &argument, sizeof(char *), 1, 100 };
static const struct field file_item = { .key = "include", .type = &file_type };
static const struct list_of include_files = { &file_item, sizeof(char *), 0, 64 };
static const struct field role_item = { .key = "after", .type = &name_type };
static const struct list_of role_items = { &role_item, sizeof(char *), 0, 1000 };
static const struct field pem_item = { .key = "pem", .type = &path_type };
static const struct list_of pem_items = { &pem_item, sizeof(char *), 1, 100 };
static const struct field san_item = { .key = "names", .type = &san_type };
static const struct list_of san_items = { &san_item, sizeof(struct san), 0, NAMES_LIMIT };

const struct field after_value = { .key = "after", .type = &list_type, .param = &role_items };
const struct field include_value = { .key = "include",
				     .type = &list_type,
				     .param = &include_files };
const struct field export_value = { .key = "export", .type = &path_type };
const struct field names_value = { .key = "names", .type = &list_type, .param = &san_items };
const struct field subject_value = { .key = "subject", .type = &subject_type };
const struct field host_value = { .key = "host", .type = &host_type };
const struct field program_value = { .key = "command", .type = &program_type };
const struct field item_value = { .key = "each", .type = &file_type };

/* --- secrets --- */

#define SECRET_ROWS                                                                              \
	FIELD(struct secret_form, "env", variable, const char *, variable_type,                  \
	      .help = "an environment variable that begins with CERTFLEET_"),                    \
		PATH(struct secret_form, "file", file, "a file; one newline at its end is cut"), \
		ARGV(struct secret_form, "command", command,                                     \
		     "a program and its arguments; its output is the secret")

static const struct field secret_fields[] = { SECRET_ROWS, { 0 } };
const struct record secret_record = {
	.name = "secret",
	.fields = secret_fields,
	.size = sizeof(struct secret_form),
	.one_key = true,
	.help = "where a secret comes from; never the secret itself",
};

/* --- state and backup --- */

static const struct field seal_fields[] = {
	SECRET_ROWS,
	PATH(struct secret_form, "key_file", key_file,
	     "a file of exactly 32 random bytes instead of a passphrase"),
	{ 0 },
};
static const struct record seal_record = {
	.name = "seal",
	.fields = seal_fields,
	.size = sizeof(struct secret_form),
	.one_key = true,
	.help = "where the secret comes from that seals the state",
};
static const struct field state_fields[] = {
	PATH(struct state_policy, "path", path, "the directory of the state"),
	FIELD(struct state_policy, "seal", seal, struct secret_ref, secret_type,
	      .param = &seal_record,
	      .help = "seals the keys in it; the first backup passphrase when left out"),
	FLAG(struct state_policy, "required", required, "a missing state must be acknowledged"),
	FLAG(struct state_policy, "unsealed", unsealed, "keys are kept in the clear"),
	{ 0 },
};
const struct record state_record = {
	.name = "state",
	.fields = state_fields,
	.size = sizeof(struct state_policy),
	.check = state_check,
	.help = "the state of certfleet",
};

static const struct field passphrase_item = { .key = "passphrase",
					      .type = &secret_type,
					      .param = &secret_record };
static const struct list_of passphrase_items = { &passphrase_item, sizeof(struct secret_ref), 1,
						 RECIPIENT_LIMIT };

static const struct field copy_fields[] = {
	ARGV(struct copy_form, "command", command,
	     "a program of this machine, called with 'put', 'get' or 'list', a name, and a path",
	     .required = true),
	{ 0 },
};
static const struct record copy_record = {
	.name = "copy",
	.fields = copy_fields,
	.size = sizeof(struct copy_form),
	.help = "a program that keeps copies of bundles",
};
static const struct field copy_item = { .key = "copies",
					.type = &copy_type,
					.param = &copy_record };
static const struct list_of copy_items = { &copy_item, sizeof(struct backup_copy), 1, 16 };
static const struct field backup_fields[] = {
	PATH(struct backup_form, "directory", policy.directory, "where bundles are written"),
	LIST(struct backup_form, "passphrase", passphrases, one_or_list_type, passphrase_items,
	     "opens a bundle, at least 16 bytes; of several, each does"),
	LIST(struct backup_form, "copies", copies, one_or_list_type, copy_items,
	     "places that get each bundle before anything is staged: sftp://USER@HOST/DIR, https://HOST/DIR (WebDAV), s3://BUCKET/PREFIX, or {command: [...]}"),
	COUNT(struct backup_form, "keep", policy.keep, some_count,
	      "number of bundles that are kept"),
	FLAG(struct backup_form, "unencrypted", policy.unencrypted,
	     "bundles hold keys in the clear; instead of passphrase"),
	{ 0 },
};
static const struct record backup_record = {
	.name = "backup",
	.fields = backup_fields,
	.size = sizeof(struct backup_form),
	.preset = &(const struct backup_form){ .policy.keep = 10 },
	.help = "bundles of all keys, written before anything is staged",
};

/* --- issuers and certificates --- */

static const struct field issuer_fields[] = {
	LATER(struct issuer_form, "subject", subject, subject_value,
	      "subject of the authority, RFC 4514", .required = true),
	DURATION(struct issuer_form, "validity", issuer.validity, lifetimes,
		 "how long its certificate is valid"),
	CHOICE(struct issuer_form, "key", issuer.key, key_type_names, "the algorithm of its key"),
	PATH(struct issuer_form, "publish", issuer.publish,
	     "path where its CA certificate is published"),
	NAME(struct issuer_form, "was", issuer.was, "its former name, to rename it"),
	UNSUPPORTED("external"),
	UNSUPPORTED("pkcs11"),
	UNSUPPORTED("acme"),
	UNSUPPORTED("csr"),
	UNSUPPORTED("issuer"),
	CHOICE(struct issuer_form, "use", issuer.use, issuer_use_names,
	       "what it signs: certificates; agents that enrol, and nothing else; or operators, whom agents obey, and nothing else"),
	{ 0 },
};
const struct record issuer_record = {
	.name = "issuer",
	.fields = issuer_fields,
	.size = sizeof(struct issuer_form),
	.preset = &(const struct issuer_form){ .issuer = { .kind = ISSUER_MANAGED,
							   .validity = 10LL * YEAR,
							   .key = KEY_ECDSA_P256 } },
	.help = "an authority that certfleet creates and keeps",
};

static const struct field import_fields[] = {
	LIST(struct import_form, "file", file, one_or_list_type, pem_items,
	     "files that hold leaf, key and chain, each told by its content: PEM, DER, PKCS#7, PKCS#12, or one ZIP of these"),
	LIST(struct import_form, "pem", pem, one_or_list_type, pem_items,
	     "the same, and each must be PEM"),
	LIST(struct import_form, "der", der, one_or_list_type, pem_items,
	     "the same, and each must be DER: a certificate, a key or PKCS#7"),
	PATH(struct import_form, "pkcs12", pkcs12, "a file that must be PKCS#12"),
	PATH(struct import_form, "zip", zip,
	     "a file that must be a ZIP, without a password, of such files"),
	SECRET(struct import_form, "password", password, "opens the file, or the key in it"),
	UNSUPPORTED("bundle"),
	{ 0 },
};
static const struct record import_record = {
	.name = "import",
	.fields = import_fields,
	.size = sizeof(struct import_form),
	.rules =
		(const struct key_rule[]){
			{ KEYS_ONE_OF, { "file", "pem", "der", "pkcs12", "zip" } }, { 0 } },
	.help = "an imported certificate and key",
};

static const struct field purpose_item = { .key = "purpose",
					   .type = &choice_type,
					   .param = purpose_names };
static const struct list_of purpose_items = { &purpose_item, sizeof(unsigned), 1, 2 };
static const struct field certificate_fields[] = {
	LATER(struct certificate_form, "subject", subject, subject_value,
	      "subject of the certificate, RFC 4514"),
	NAME(struct certificate_form, "issuer", issuer,
	     "issuer of the certificate: a name from issuers, or self"),
	DURATION(struct certificate_form, "validity", certificate.validity, lifetimes,
		 "validity of the certificate; 1y when left out, where its issuer has 'use'"),
	FIELD(struct certificate_form, "renew_before", certificate.renew_before,
	      struct renew_before, renew_type, .param = &lifetimes,
	      .help = "time before expiry when it is renewed, or a percentage of its lifetime; a third when left out"),
	FIELD(struct certificate_form, "spread", certificate.spread, unsigned, spread_type,
	      .param = &no_count,
	      .help = "how much of that time a renewal may be moved earlier, by a hash of the certificate's name, so that not all made on one day restart on one day; 0, when left out, is not at all"),
	LATER(struct certificate_form, "names", names, names_value,
	      "DNS names, IP addresses, URIs, e-mail addresses; when left out the common name, if it is a DNS name or an address"),
	FIELD(struct certificate_form, "purpose", certificate.purpose, unsigned, purpose_type,
	      .param = &purpose_items,
	      .help = "purpose of the certificate; [server] when left out"),
	CHOICE(struct certificate_form, "key", certificate.key, key_type_names,
	       "the algorithm of its key"),
	CHOICE(struct certificate_form, "key_rotation", certificate.rotation, key_rotation_names,
	       "whether a renewal makes a new key (always) or keeps it (reuse)"),
	FIELD(struct certificate_form, "import", certificate.import, struct import, import_type,
	      .param = &import_record,
	      .help = "an imported certificate and key: a file without a password, told by its content, or a mapping"),
	FIELD(struct certificate_form, "trust", certificate.trust, struct import_trust,
	      import_trust_type,
	      .help = "anchor that the chain of an import must reach: a PEM file, system, or none; when left out, the root in the import, else the system's store"),
	FLAG(struct certificate_form, "builtin", certificate.builtin,
	     "with 'topology: appmon' the built-in certificate of the product: 'revert' of each component that uses it clears what is stored there"),
	CHOICE(struct certificate_form, "per", per, per_names,
	       "one certificate for each component that uses it"),
	CHOICE(struct certificate_form, "commit", certificate.commit, commit_order_names,
	       "whether the pair is committed wave by wave, or on all components before the first is activated"),
	LATER(struct certificate_form, "export", export, export_value,
	      "path of a ZIP that each new pair is written to, for people: certificate.pem and key.pem, without password"),
	NAME(struct certificate_form, "was", certificate.was, "its former name, to rename it"),
	{ 0 },
};
const struct record certificate_record = {
	.name = "certificate",
	.fields = certificate_fields,
	.rules = (const struct key_rule[]){ { KEYS_APART, { "import", "subject", "issuer" } },
					    { KEYS_APART,
					      { "builtin", "import", "subject", "issuer" } },
					    { 0 } },
	.size = sizeof(struct certificate_form),
	.preset = &(const struct certificate_form){ .per = PER_FLEET,
						    .certificate = { .validity = 90LL * DAY,
								     .purpose = PURPOSE_SERVER,
								     .key = KEY_ECDSA_P256 } },
	.check = certificate_check,
	.help = "a certificate to have: issued, or imported",
};

/* --- roles --- */

static const struct field version_fields[] = {
	TEXT(struct version_form, "minimum", minimum, "the oldest version that may be activated"),
	FLAG(struct version_form, "same", same,
	     "tells when the components have different versions"),
	UNSUPPORTED("roles"),
	{ 0 },
};
static const struct record version_record = {
	.name = "version",
	.fields = version_fields,
	.size = sizeof(struct version_form),
	.check = version_check,
	.help = "required version of the components",
};

static const struct bounds window_durations = { 60, 7LL * DAY };
static const struct field weekday_item = { .key = "days", .type = &weekday_type };
static const struct list_of weekday_items = { &weekday_item, sizeof(unsigned), 1, WEEKDAYS };
static const struct field window_fields[] = {
	FIELD(struct window, "days", days, unsigned, weekdays_type, .param = &weekday_items,
	      .help = "days on which it opens, like [mon..thu, sat]; every day when left out"),
	FIELD(struct window, "start", start, int64_t, day_time_type, .required = true,
	      .help = "local time at which it opens, like \"02:00\"; the moment the clocks are put forward when they skip it, the first of two when it comes twice"),
	DURATION(struct window, "duration", duration, window_durations,
		 "how long it is open, whatever the clocks do meanwhile", .required = true),
	FIELD(struct window, "time_zone", zone, const struct zone *, zone_type,
	      .help = "time zone of start, like Europe/Vienna; UTC when left out"),
	{ 0 },
};
static const struct record window_record = {
	.name = "window",
	.fields = window_fields,
	.size = sizeof(struct window),
	.preset = &(const struct window){ .days = EVERY_DAY },
	.help = "a time in which components may be changed",
};
static const struct field window_item = { .key = "windows",
					  .type = &record_type,
					  .param = &window_record };
static const struct list_of window_items = { &window_item, sizeof(struct window), 1, 100 };

static const struct field freeze_fields[] = {
	FIELD(struct freeze_form, "from", from, struct freeze_edge, edge_type, .required = true,
	      .help = "its first day, as 2026-12-20, or a time, as 2026-12-20T18:00:00Z"),
	FIELD(struct freeze_form, "to", to, struct freeze_edge, edge_type, .required = true,
	      .help = "its last day, or the time at which it ends; at most 366 days later"),
	TEXT(struct freeze_form, "reason", reason, "what it is for", .required = true),
	FIELD(struct freeze_form, "time_zone", zone, const struct zone *, zone_type,
	      .help = "time zone of days, like Europe/Vienna; UTC when left out"),
	{ 0 },
};
static const struct record freeze_record = {
	.name = "freeze",
	.fields = freeze_fields,
	.size = sizeof(struct freeze_form),
	.check = freeze_check,
	.help = "a time in which no component may be changed",
};
static const struct field freeze_item = { .key = "freeze",
					  .type = &record_type,
					  .param = &freeze_record };
static const struct list_of freeze_items = { &freeze_item, sizeof(struct freeze_form), 0, 1000 };

static const struct field restart_fields[] = {
	CHOICE(struct restart_form, "when", restart.when, restart_when_names,
	       "whether processes are activated at once, or the pair waits until they are restarted otherwise"),
	FIELD(struct restart_form, "max_unavailable", max_unavailable, struct share, share_type,
	      .param = &some_count,
	      .help = "processes activated at a time, or a percentage; 1 when left out"),
	COUNT(struct restart_form, "canary", restart.canary, any_count,
	      "number of processes that go first; a failure of theirs always ends the role"),
	DURATION(struct restart_form, "pause", restart.pause, pauses, "time between waves"),
	COUNT(struct restart_form, "max_failures", restart.max_failures, any_count,
	      "number of failures that are tolerated; after one more nothing new is started in the role and those after it"),
	CHOICE(struct restart_form, "on_failure", restart.on_failure, on_failure_names,
	       "handling of a failed wave: stop there, go on with the next, or put the former pair back"),
	DURATION(struct restart_form, "timeout", restart.timeout, waits,
		 "how long verification goes on after an activation"),
	LIST(struct restart_form, "windows", windows, list_type, window_items,
	     "when its components may be changed at all; at any time when left out"),
	LIST(struct restart_form, "freeze", freezes, list_type, freeze_items,
	     "when its components may not be changed, windows or not"),
	{ 0 },
};
static const struct record restart_record = {
	.name = "restart",
	.fields = restart_fields,
	.size = sizeof(struct restart_form),
	.preset = &(const struct restart_form){ .restart = { .timeout = 60 },
						.max_unavailable = { 1, false } },
	.merged = true,
	.help = "when processes are activated, and how many at a time",
};

static const struct field role_fields[] = {
	FIELD(struct role_form, "version", version, struct version_form, record_type,
	      .param = &version_record, .help = "required version of the components"),
	CHOICE(struct role_form, "offline", offline, offline_policy_names,
	       "what an unreachable component means: it blocks, is to be acknowledged, or is left for a later apply"),
	FIELD(struct role_form, "restart", restart, struct restart_form, record_type,
	      .param = &restart_record,
	      .help = "when processes are activated, and how many at a time"),
	LATER(struct role_form, "after", after, after_value,
	      "roles that are activated before this one"),
	LATER(struct role_form, "deliver", deliver, deliver_value, "default for its components"),
	LATER(struct role_form, "activate", activate, activate_value, "default for its components"),
	LATER(struct role_form, "verify", verify, verify_value, "default for its components"),
	FLAG(struct role_form, "restartable", restartable,
	     "default for its components; true when left out"),
	UNSUPPORTED("access"),
	{ 0 },
};
const struct record role_record = {
	.name = "role",
	.fields = role_fields,
	.size = sizeof(struct role_form),
	.preset = &(const struct role_form){ .restart = { .restart = { .timeout = 60 },
							  .max_unavailable = { .count = 1 } },
					     .restartable = true },
	.help = "a class of components",
};

/* --- components --- */

static const struct field csv_fields[] = {
	LATER(struct csv_form, "csv", file, item_value, "a CSV file with a header row",
	      .required = true),
	TEXT(struct csv_form, "name", name, "the column that names the items", .required = true),
	{ 0 },
};
const struct record csv_record = {
	.name = "inventory",
	.fields = csv_fields,
	.size = sizeof(struct csv_form),
	.help = "items from a CSV file",
};
static const struct field each_value = {
	.key = "each",
	.type = &(const struct field_type){ .shape = SHAPE_TEXTS_OR_RECORD },
	.param = &csv_record,
};

static const struct field retire_fields[] = {
	FLAG(struct retire_form, "remove", remove, "its files go when it leaves the fleet file"),
	{ 0 },
};
static const struct record retire_record = {
	.name = "retire",
	.fields = retire_fields,
	.size = sizeof(struct retire_form),
	.help = "handling of the component when it leaves the fleet file",
};

static const char *const running_names[] = { "optional", "required", NULL };
/* of enum presence, without PRESENCE_BY_ROLE */
const char *const presence_names[] = { "required", "optional", "absent", NULL };

static const struct field collector_fields[] = {
	{
		.key = "collector",
		.type = &collector_type,
		.required = true, /* writes to the whole struct appmon_part */
		.help = "a collector, as NAME@HOST in the server's list",
	},
	{ 0 },
};
static const struct record collector_record = {
	.name = "appmon_part",
	.fields = collector_fields,
	.size = sizeof(struct appmon_part),
	.help = "a collector of the AppMon Server",
};

static const struct field component_fields[] = {
	NAME(struct component_form, "role", role, "a name from roles"),
	NAME(struct component_form, "certificate", certificate, "a name from certificates",
	     .required = true),
	FIELD(struct component_form, "deliver", deliver, struct deliver, record_type,
	      .param = &deliver_record, .help = "how a pair gets onto it"),
	FIELD(struct component_form, "activate", activate, struct activate, activate_type,
	      .param = &activate_record, .help = "makes its process take the pair into use"),
	LIST(struct component_form, "verify", verify, one_or_list_type, verify_items,
	     "TLS ports that must serve the certificate"),
	HOST(struct component_form, "host", host,
	     "where it runs, for ${component.host}; in a group the item when left out"),
	TEXT(struct component_form, "process", process,
	     "name of its process: components of one process are activated once; its own name when left out"),
	TEXT(struct component_form, "quorum", quorum,
	     "name of a group of processes of which at most one is out of service at a time; one that is down counts"),
	FIELD(struct component_form, "retire", retire, struct retire_form, record_type,
	      .param = &retire_record,
	      .help = "handling of the component when it leaves the fleet file"),
	FLAG(struct component_form, "restartable", restartable,
	     "false: its process must not be activated now, so nothing is delivered that needs it; as its role says when left out"),
	CHOICE(struct component_form, "running", running, running_names,
	       "required: without a process nothing is delivered; else a pair is delivered all the same, and waits for the start"),
	CHOICE(struct component_form, "presence", presence, presence_names,
	       "required: nothing is done where it is offline; optional: it is left out then; absent: it is not used; when left out 'offline' of the role decides"),
	FIELD(struct component_form, "appmon", appmon, struct appmon_part, appmon_part_type,
	      .param = &collector_record,
	      .help = "what the AppMon Server calls it: server, or {collector: NAME@HOST}; it is asked for version and connection, and can restart it"),
	ARGV(struct component_form, "revert", revert,
	     "command that clears the certificates and keys it has stored, for a certificate that is built in; run where a command of 'activate' is"),
	OBJECT_NAME(struct component_form, "was", was, "its former name, to rename it"),
	LATER(struct component_form, "each", each, each_value,
	      "makes it a group: one component for each item"),
	UNSUPPORTED("access"),
	{ 0 },
};
const struct record component_record = {
	.name = "component",
	.fields = component_fields,
	.size = sizeof(struct component_form),
	.preset = &(const struct component_form){ .restartable = true,
						  .presence = PRESENCE_LEFT_OUT },
	.help = "one place of one certificate, in one process",
};

/* --- acknowledgements --- */

const char *const acknowledge_codes[] = { "adopt",
					  "backup-copy-failed",
					  "clock-skew",
					  "ends-before-convergence",
					  "expired-in-backup",
					  "expires-before-restart",
					  "foreign-authority",
					  "issuer-expires",
					  "issuer-replaced",
					  "mass-retire",
					  "no-budget",
					  "offline",
					  "operator-issuer",
					  "pidfile-doubtful",
					  "reused-generation",
					  "rolled-back",
					  "state-behind",
					  "state-missing",
					  "unverifiable",
					  NULL };

static const struct field ack_fields[] = {
	CHOICE(struct ack_form, "code", code, acknowledge_codes, "a precondition that asks",
	       .required = true),
	TEXT(struct ack_form, "on", ack.on,
	     "component, group, role:NAME, certificate:NAME, issuer:NAME or the URL of a copy",
	     .required = true),
	FIELD(struct ack_form, "until", ack.until, int64_t, day_type, .required = true,
	      .help = "its last day, as 2026-12-24; at most 90 days ahead"),
	TEXT(struct ack_form, "reason", ack.reason, "why it is acknowledged", .required = true),
	{ 0 },
};
static const struct record ack_record = {
	.name = "acknowledgement",
	.fields = ack_fields,
	.size = sizeof(struct ack_form),
	.help = "accepts a precondition for a while, as --ack does for one run",
};
static const struct field ack_item = { .key = "acknowledge",
				       .type = &record_type,
				       .param = &ack_record };
static const struct list_of ack_items = { &ack_item, sizeof(struct ack_form), 0, 1000 };

/* --- limits --- */

static const struct bounds percentages = { 1, 100 };
static const struct field limits_fields[] = {
	COUNT(struct run_limits, "components_per_run", components, some_count,
	      "components that one run may change; any number when left out"),
	COUNT(struct run_limits, "percent_per_run", percent, percentages,
	      "the same as a share of the fleet's components, rounded up"),
	{ 0 },
};
static const struct record limits_record = {
	.name = "limits",
	.fields = limits_fields,
	.size = sizeof(struct run_limits),
	.help = "how much one run may change",
};

/* --- approvals --- */

static const struct field approval_key_fields[] = {
	NAME(struct approval_key, "name", name, "the signer's name, for people", .required = true),
	PATH(struct approval_key, "key", key,
	     "a file with the public key, or a certificate of it, as PEM: Ed25519 or ECDSA",
	     .required = true),
	{ 0 },
};
static const struct record approval_key_record = {
	.name = "signer",
	.fields = approval_key_fields,
	.size = sizeof(struct approval_key),
	.help = "a person who approves, by a key",
};
static const struct field approval_key_item = { .key = "signers",
						.type = &record_type,
						.param = &approval_key_record };
static const struct list_of approval_keys = { &approval_key_item, sizeof(struct approval_key), 1,
					      APPROVAL_SIGNERS_LIMIT };
static const struct field approval_class_item = { .key = "for",
						  .type = &choice_type,
						  .param = approval_class_names };
static const struct list_of approval_classes = { &approval_class_item, sizeof(unsigned), 1,
						 APPROVE_COUNT };
static const struct bounds approvals_required = { 1, APPROVAL_SIGNERS_LIMIT };
static const struct field approval_fields[] = {
	COUNT(struct approval_form, "required", policy.required, approvals_required,
	      "how many signers have to approve", .required = true),
	FIELD(struct approval_form, "for", policy.about, unsigned, purpose_type,
	      .param = &approval_classes, .required = true,
	      .help = "changes that need it: issuers, contacts (what first-contact tells), removals (what the fleet does without), requests of certificates"),
	LIST(struct approval_form, "signers", signers, list_type, approval_keys,
	     "who approves, each with a key of their own", .required = true),
	{ 0 },
};
static const struct record approval_record = {
	.name = "approvals",
	.fields = approval_fields,
	.size = sizeof(struct approval_form),
	.check = approvals_check,
	.help = "changes that signers have to approve before an apply makes them",
};

/* --- notifications --- */

static const struct bounds notify_timeouts = { 1, 10LL * 60 };
static const struct field notify_outcome_item = { .key = "on",
						  .type = &choice_type,
						  .param = notify_outcome_names };
static const struct list_of notify_outcomes = { &notify_outcome_item, sizeof(unsigned), 1,
						NOTIFY_OUTCOME_COUNT };
static const struct field notify_fields[] = {
	ARGV(struct notify_form, "command", command,
	     "a program and its arguments, run without a shell; it reads the summary as JSON"),
	FIELD(struct notify_form, "http", http, const struct notify_http_form *, own_record_type,
	      .param = &notify_http_record, .help = "a request, made from here"),
	FIELD(struct notify_form, "on", on, unsigned, purpose_type, .param = &notify_outcomes,
	      .help = "outcomes that are told: changed, failed, awaiting; all when left out"),
	DURATION(struct notify_form, "timeout", timeout, notify_timeouts, "how long it may take"),
	{ 0 },
};
static const struct record notify_record = {
	.name = "notify",
	.fields = notify_fields,
	.size = sizeof(struct notify_form),
	.preset = &(const struct notify_form){ .on = NOTIFY_ALL, .timeout = 30 },
	.rules = (const struct key_rule[]){ { KEYS_ONE_OF, { "command", "http" } }, { 0 } },
	.check = notify_check,
	.help = "who is told how an apply has ended, and of which outcomes",
};
static const struct field notify_item = { .key = "notify",
					  .type = &record_type,
					  .param = &notify_record };
static const struct list_of notify_items = { &notify_item, sizeof(struct notify_form), 0,
					     NOTIFY_LIMIT };

/* --- the file --- */

#define SECTIONS                                                                           \
	NAMED(struct fleet_form, "issuers", issuers, issuer_record, "issuers, by name"),   \
		NAMED(struct fleet_form, "certificates", certificates, certificate_record, \
		      "certificates to have, by name"),                                    \
		NAMED(struct fleet_form, "roles", roles, role_record,                      \
		      "classes of components, by name"),                                   \
		NAMED(struct fleet_form, "components", components, component_record,       \
		      "places of certificates, by name")

#define VERSION                                                                                  \
	FIELD(struct fleet_form, "certfleet", version, unsigned, version_type, .required = true, \
	      .help = "the format: 1")

static const struct field fleet_fields[] = {
	VERSION,
	NAME(struct fleet_form, "fleet", name,
	     "its name, recorded in the state and in every bundle", .required = true),
	CHOICE(struct fleet_form, "topology", topology, topology_names,
	       "preset roles and rules for the parts of a product, see certfleet-appmon(7); none when left out"),
	FIELD(struct fleet_form, "state", state, struct state_policy, state_type,
	      .param = &state_record, .help = "the state of certfleet; .certfleet when left out"),
	FIELD(struct fleet_form, "backup", backup, struct backup_policy, backup_type,
	      .param = &backup_record, .required = true, .help = "bundles of all keys"),
	LATER(struct fleet_form, "include", include, include_value,
	      "more files with issuers, certificates, roles, components"),
	SECTIONS,
	FIELD(struct fleet_form, "limits", limits, struct run_limits, record_type,
	      .param = &limits_record,
	      .help = "how much one run may change; the most urgent comes first"),
	LIST(struct fleet_form, "freeze", freezes, list_type, freeze_items,
	     "when no component may be changed, whatever its role says"),
	LIST(struct fleet_form, "acknowledge", acknowledge, list_type, ack_items,
	     "preconditions that are accepted for a while"),
	FIELD(struct fleet_form, "approvals", approvals, struct approval_form, record_type,
	      .param = &approval_record,
	      .help = "changes that signers have to approve before an apply makes them"),
	LIST(struct fleet_form, "notify", notify, list_type, notify_items,
	     "who is told how an apply has ended"),
	FIELD(struct fleet_form, "access", access, struct fleet_access, record_type,
	      .param = &access_record, .help = "certfleet's own identity towards components"),
	{ 0 },
};
const struct record fleet_record = {
	.name = "fleet",
	.fields = fleet_fields,
	.size = sizeof(struct fleet_form),
	.extensions = true,
	.help = "certificates of a fleet, and where they go",
};

static const struct field include_fields[] = {
	VERSION,
	SECTIONS,
	{ 0 },
};
const struct record include_record = {
	.name = "include",
	.fields = include_fields,
	.size = sizeof(struct fleet_form),
	.extensions = true,
	.help = "a part of a fleet file",
};
