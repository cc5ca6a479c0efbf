/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decoded fleet file.
 *
 * Plain data.  Every pointer in these structs points into the arena of its
 * fleet.  Defaults are filled in, groups and `per: component` are expanded,
 * placeholders are replaced, references are pointers, paths are relative to the
 * working directory or absolute.  Arrays are sorted by name (byte order), so
 * that everything made from them is deterministic.
 *
 * Text fields are NULL when absent unless the comment says otherwise; durations
 * are seconds.
 */
#ifndef MODEL_FLEET_H
#define MODEL_FLEET_H

#include "base/arena.h"
#include "model/notify.h"
#include "model/secret_ref.h"
#include "model/window.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	NAME_LIMIT = 64,        /* issuers, certificates, roles, components */
	ITEM_LIMIT = 128,       /* name of a group's item */
	GROUP_LIMIT = 100000,   /* items of one `each` */
	NAMES_LIMIT = 1000,     /* names in one certificate */
	RECIPIENT_LIMIT = 16,   /* passphrases that open one bundle */
	BACKDATE_SECONDS = 300, /* not_before is this long before the issue, for slow clocks */
};

enum key_type {
	KEY_ECDSA_P256,
	KEY_ECDSA_P384,
	KEY_ECDSA_P521,
	KEY_ED25519,
	KEY_RSA_2048,
	KEY_RSA_3072,
	KEY_RSA_4096,
	KEY_TYPE_COUNT
};

/* A remaining lifetime, absolute or as a share; both 0: the default third. */
struct renew_before {
	int64_t seconds;
	unsigned percent;
};

/* subjectAltName (RFC 5280 section 4.2.1.6); sorted by kind, then value. */
enum name_kind {
	NAME_DNS,
	NAME_IP,
	NAME_URI,
	NAME_EMAIL,
	NAME_KIND_COUNT
};

struct san {
	enum name_kind kind;
	const char *value; /* DNS in lower case, IP in its canonical text form */
};

enum issuer_kind {
	ISSUER_SELF,
	ISSUER_MANAGED
};

/* Certificates that a managed issuer signs. */
enum issuer_use {
	USE_CERTIFICATES,
	USE_AGENTS,   /* by enrolment only, and the renewal of an agent's own pair */
	USE_OPERATORS /* clients of agents, each named in the fleet file */
};

/*
 * Issuer of certificates.  `self` is a row of its own (kind ISSUER_SELF, name
 * "self") that certificates with `issuer: self` point to and that the fleet's
 * array does not list.
 */
struct issuer {
	const char *name;
	const char *was;
	enum issuer_kind kind;
	const char *subject; /* canonical RFC 4514 */
	int64_t validity;
	enum key_type key;
	const char *publish; /* path the CA certificate is written to */
	enum issuer_use use;
};

enum import_kind {
	IMPORT_NONE,
	IMPORT_FILE, /* of any form, told by its content */
	IMPORT_PEM,
	IMPORT_DER,
	IMPORT_PKCS12,
	IMPORT_ZIP,
};

struct import {
	enum import_kind kind;
	const char *const *files; /* PKCS#12, ZIP: one; else one or more */
	size_t file_count;
	struct secret_ref password;
	bool wizard; /* by the rules of AppMon's import wizard, too */
};

/* What the chain of an import must reach. */
enum trust_kind {
	TRUST_OWN,    /* its own root, or one of the system's store */
	TRUST_SYSTEM, /* one of the system's store */
	TRUST_FILE,
	TRUST_NONE /* nothing: clients have their own way */
};

struct import_trust {
	enum trust_kind kind;
	const char *file; /* PEM */
};

enum purpose {
	PURPOSE_SERVER = 1 << 0,
	PURPOSE_CLIENT = 1 << 1
};
enum key_rotation {
	ROTATE_ALWAYS,
	ROTATE_REUSE
};
enum commit_order {
	COMMIT_BY_WAVE,
	COMMIT_ALL_FIRST
};

struct certificate {
	const char *name; /* "per-host/<component>" when made per component */
	const char *was;
	const char *subject;         /* canonical RFC 4514; NULL for one that is not issued */
	const struct issuer *issuer; /* NULL for an import and the built-in one */
	int64_t validity;
	struct renew_before renew_before;
	unsigned spread; /* percent of the renewal window, see renewal_spread() */
	const struct san *names;
	size_t name_count;
	unsigned purpose; /* enum purpose */
	enum key_type key;
	enum key_rotation rotation;
	enum commit_order commit;
	bool one_key;         /* parts of a product that has one key for all of them */
	struct import import; /* kind IMPORT_NONE: issued, not imported */
	const char *export;   /* path of a ZIP of each new pair, for people; NULL: none */
	struct import_trust trust;
	bool builtin; /* neither: the product's own; the stores of its components are cleared */
};

/* Whether certfleet has it issued, by whatever issuer. */
static inline bool certificate_is_issued(const struct certificate *c)
{
	return c->import.kind == IMPORT_NONE && !c->builtin;
}

enum driver_kind {
	DRIVER_FILES,
	DRIVER_HAPROXY,
	DRIVER_AGENT,
	DRIVER_CADDY,
	DRIVER_ETCD,
	DRIVER_HTTP,
	DRIVER_SFTP,
	DRIVER_COMMAND,
	DRIVER_HANDOFF,
	DRIVER_KIND_COUNT
};

/*
 * Location of an installed pair, on this machine or (agent, sftp) on another:
 * either one directory behind a symbolic link that is switched, or single
 * files.  Paths are absolute.
 */
struct install {
	const char *directory;
	const char *certificate; /* leaf and chain */
	const char *key;
	const char *leaf;
	const char *chain;
	const char *ca;       /* the anchor, when known */
	const char *combined; /* leaf, chain and key */
	const char *owner;
	const char *group;
	mode_t mode; /* mode of files with the key; 0: 0600, or as before */
	bool plain;  /* `link: false`: files at the paths, not links */
	bool unsafe_directory;
	bool replace;
};

enum {
	INSTALL_PATHS = 7
};
/* Collects the paths that are set; returns their number. */
size_t install_paths(const struct install *i, const char *out[INSTALL_PATHS]);

/* HAProxy: its runtime API, and the file that it loads at its start. */
struct haproxy {
	const char *socket;      /* a path, or tcp://HOST:PORT */
	const char *certificate; /* as named in HAProxy's configuration */
};

/* Agent on the component's host. */
struct agent_place {
	const char *url;       /* https://HOST:PORT */
	const char *component; /* name in the agent's configuration; NULL: the same */
	bool self;             /* the pair is the agent's own */
};

/* What the fleet file may declare, one by one, for a device that it describes itself. */
enum declared_verb {
	DECLARED_PROBE,
	DECLARED_STAGE,
	DECLARED_COMMIT,
	DECLARED_ABORT,
	DECLARED_ACTIVATE,
	DECLARED_REVERT,
	DECLARED_REMOVE,
	DECLARED_COUNT
};

/* model/http_spec.h */
struct caddy;
struct etcd;
struct http;
struct http_access;
struct http_call;

/* Host reached over SSH; the paths on it are in `files`. */
struct sftp {
	const char *origin; /* sftp://HOST:PORT */
	const char *user;
	const char *host;
	uint16_t port;
	const char *host_key; /* "SHA256:..."; NULL: known_hosts decides */
};

/* Programs of the user's own, run on this machine. */
struct commands {
	const char *const *argv[DECLARED_COUNT]; /* each ends with NULL; NULL: none */
	int64_t timeout;                         /* of each */
};

enum handoff_format {
	HANDOFF_ZIP, /* of PEM entries, without password */
	HANDOFF_PEM,
	HANDOFF_PKCS12,
	HANDOFF_FORMAT_COUNT
};

/*
 * File that a person imports into a product.  Components with the same file have the
 * same certificate, format and password.
 */
struct handoff {
	const char *file;
	enum handoff_format format;
	struct secret_ref password; /* of PKCS#12 */
};

struct deliver {
	enum driver_kind kind;
	struct install files; /* haproxy: its one file, `combined` */
	union {               /* by `kind` */
		struct haproxy haproxy;
		struct agent_place agent;
		struct sftp sftp;
		const struct caddy *caddy;
		const struct etcd *etcd;
		const struct http *http;
		const struct commands *command;
		const struct handoff *handoff;
	};
	const struct http_access *access; /* of an API with a login; NULL: none */
	const char *remote; /* origin that keys are sent to; NULL: they stay on this machine */
	const char *place;  /* what it writes to: a host for its paths, or an object; NULL: files */
};

/* NULL: a person has no part in it. */
static inline const struct handoff *deliver_handoff(const struct deliver *d)
{
	return d->kind == DRIVER_HANDOFF ? d->handoff : NULL;
}

/* True when the pair is the one that an agent itself is known by. */
static inline bool deliver_renews_agent(const struct deliver *d)
{
	return d->kind == DRIVER_AGENT && d->agent.self;
}

enum activate_kind {
	ACTIVATE_NONE,
	ACTIVATE_SIGNAL,
	ACTIVATE_RELOAD,  /* a command that lets the process run on */
	ACTIVATE_COMMAND, /* a command that restarts it */
	ACTIVATE_UNIT,    /* of systemd: a reload if it can, else a restart */
	ACTIVATE_HTTP,    /* sent from this machine, wherever the process runs */
	ACTIVATE_APPMON   /* a restart by the AppMon Server, of itself or of a collector */
};

struct activate {
	enum activate_kind kind;
	int signal;
	const char *pidfile;
	const char *exe;         /* executable of the process to signal; NULL: any */
	const char *const *argv; /* ends with NULL */
	const char *unit;
	bool start; /* an inactive unit is started */
	const struct http_call *http;
	int64_t timeout; /* a component's is at most its role's restart.timeout */
};

/* The command that activates, in `a`; NULL: it is none. */
const char *const *activate_argv(const struct activate *how, struct arena *a);

/* Protocol that switches a plain connection to TLS. */
enum starttls_kind {
	STARTTLS_NONE, /* TLS from the start */
	STARTTLS_POSTGRES,
	STARTTLS_SMTP,
	STARTTLS_IMAP,
	STARTTLS_LDAP,
	STARTTLS_POP3,
	STARTTLS_FTP,
	STARTTLS_MYSQL,
	STARTTLS_XMPP,
	STARTTLS_SIEVE,
	STARTTLS_KIND_COUNT
};

/* Client certificate for a port that demands one, and its key; PEM files. */
struct verify_identity {
	const char *certificate; /* NULL: none */
	const char *key;
};

/* One TLS port that must serve the certificate. */
struct verify {
	const char *address; /* "host:port" as written, for people */
	const char *host;    /* without brackets */
	uint16_t port;
	const char *server_name; /* SNI; NULL: see port_server_name() */
	enum starttls_kind starttls;
	struct verify_identity identity;
	unsigned proxy_protocol; /* version of the PROXY header sent first; 0: none */
	const char *trust;       /* PEM file with the anchors of the served chain; NULL: the
				    anchor of the desired pair */
	unsigned consecutive;    /* good handshakes in a row */
};

enum restart_when {
	RESTART_IMMEDIATE,
	RESTART_POSTPONED
};
enum offline_policy {
	OFFLINE_BLOCK,
	OFFLINE_ACKNOWLEDGE,
	OFFLINE_DEFER
};
enum on_failure {
	FAIL_STOP,
	FAIL_CONTINUE,
	FAIL_ROLLBACK
};

struct restart {
	enum restart_when when;
	unsigned max_unavailable; /* processes, or percent when the flag is set
				   */
	bool max_unavailable_is_percent;
	unsigned canary;
	int64_t pause;
	unsigned max_failures;
	enum on_failure on_failure;
	int64_t timeout; /* from the start of an activation to its proof */
	/* see model/window.h; in the order of the file */
	const struct window *windows;
	size_t window_count;
	const struct freeze *freezes;
	size_t freeze_count;
};

/*
 * Class of components.  Components without a role point to the role without a
 * name (""), which has the built-in defaults and is always first.
 */
struct role {
	const char *name;
	enum offline_policy offline;
	const char *version_minimum; /* NULL: any */
	bool version_same;
	struct restart restart;
	const struct role **after;
	size_t after_count;
	size_t rank;                     /* from 0: the order of `after`, ties by name */
	bool no_restart;                 /* default for its components */
	bool must_restart;               /* a component that cannot be restarted gets nothing */
	const struct role *version_with; /* with `version_same`: compared with its components
					    too; NULL: none */
};

/* Whether a component has to be there. */
enum presence {
	PRESENCE_BY_ROLE, /* `offline` of the role says what it means that it is not */
	PRESENCE_REQUIRED,
	PRESENCE_OPTIONAL,
	PRESENCE_ABSENT /* it is not used: no check, delivery or restart */
};

enum appmon_kind {
	APPMON_NONE,
	APPMON_SERVER,
	APPMON_COLLECTOR
};

/* What the AppMon Server calls a component. */
struct appmon_part {
	enum appmon_kind kind;
	const char *name; /* of a collector; may hold blanks and '@' */
	const char *host; /* of a collector, as the server knows it */
};

struct component {
	const char *name;  /* full name, group/item */
	const char *group; /* "edge" of edge/e1; NULL outside a group */
	const char *was;
	const char *host;
	const struct role *role;
	const struct certificate *certificate;
	const char *process; /* shared name of one process's components; else own name */
	const char *quorum;  /* of which one at a time may be out of service */
	struct deliver deliver;
	struct activate activate;
	const struct verify *verify;
	size_t verify_count;
	bool retire_remove; /* remove the files when the component leaves the fleet file */
	bool no_restart;    /* its process must not be activated now */
	bool must_run;      /* no process is no reason to go on without an activation */
	enum presence presence;
	struct appmon_part appmon;
	const char *const *revert; /* command that clears its stores; ends with NULL; NULL: none */
};

/* What it means when the component cannot be reached. */
static inline enum offline_policy component_offline(const struct component *c)
{
	switch (c->presence) {
	case PRESENCE_REQUIRED:
		return OFFLINE_BLOCK;
	case PRESENCE_OPTIONAL:
		return OFFLINE_DEFER;
	case PRESENCE_BY_ROLE:
	case PRESENCE_ABSENT:
		break;
	}
	return c->role->offline;
}

/* Login to the URLs at and below one place: WebDAV, or S3. */
struct web_access {
	const char *origin;       /* https://HOST[:PORT], or http of this machine */
	const char *path;         /* "" or "/a/b"; of S3 the bucket and what follows */
	const char *ca;           /* PEM file; NULL: the system's store */
	const char *user;         /* WebDAV */
	const char *region;       /* S3 */
	struct secret_ref key_id; /* S3 */
	struct secret_ref secret; /* password, or secret key */
};

enum copy_kind {
	COPY_SFTP,
	COPY_WEBDAV,
	COPY_S3,
	COPY_COMMAND,
	COPY_KIND_COUNT
};

/* A place outside of this machine that gets each bundle. */
struct backup_copy {
	enum copy_kind kind;
	const char *name;   /* its URL, without a slash at the end; "command WORD..." */
	const char *origin; /* NULL: command; also of S3 https://HOST[:PORT] */
	const char *path;   /* on it, without a slash at the end; "" is all of WebDAV */
	struct sftp sftp;
	const struct web_access *web; /* WebDAV and S3; NULL: no login */
	const char *const *argv;      /* ends with NULL */
};

struct backup_policy {
	const char *directory;
	const struct backup_copy *copies; /* in the order of the file */
	size_t copy_count;
	struct secret_ref passphrases[RECIPIENT_LIMIT];
	size_t passphrase_count;
	unsigned keep;
	bool unencrypted;
};

struct state_policy {
	const char *path;
	struct secret_ref seal; /* SECRET_NONE: the first backup passphrase */
	bool required;
	bool unsealed;
};

/* certfleet's identity towards agents, and their CA; PEM files. */
struct agent_access {
	const char *certificate; /* NULL: no access to agents */
	const char *key;
	const char *ca;
};

/* certfleet's SSH identity, and the file of known host keys. */
struct ssh_access {
	struct secret_ref key;        /* SECRET_NONE: no access over SSH */
	struct secret_ref passphrase; /* of the key */
	const char *known_hosts;      /* path */
};

/* REST interface of the AppMon Server, and who certfleet is there. */
struct appmon_access {
	const char *origin; /* https://HOST[:PORT]; NULL: no access */
	const char *user;
	struct secret_ref password;
	const char *ca;          /* PEM; NULL: the system's store, or `pins` */
	const char *const *pins; /* leaves of its web certificate, "sha256:" and lower-case hex */
	size_t pin_count;        /* 0: verified by a CA */
};

struct fleet_access {
	struct agent_access agent;
	struct ssh_access ssh;
	struct appmon_access appmon;
	/* towards copies of bundles; each ends with NULL, or is NULL */
	const struct web_access *const *webdav;
	const struct web_access *const *s3;
};

/* Source file of the fleet, for the bundle's config/. */
struct fleet_source {
	const char *path; /* relative to the main file's directory */
	const char *text;
	size_t len;
};

/* Acknowledgement in the fleet file: like --ack CODE:T for a while. */
struct standing_ack {
	const char *code;
	const char *on; /* target */
	int64_t until;  /* end of its last day */
	const char *reason;
};

/* Components that one run may change; 0: any number. */
struct run_limits {
	unsigned components;
	unsigned percent; /* of the fleet */
};

/* Who approves a change, and which (model/approval.h). */
struct approval_key {
	const char *name; /* of the signer */
	const char *key;  /* path: a public key, or a certificate, in PEM */
	const char *at;   /* FILE:LINE:COLUMN of that */
};

struct approval_policy {
	unsigned required;                  /* 0: no approvals are asked for */
	unsigned about;                     /* a bit for each enum approval_class */
	const struct approval_key *signers; /* by name */
	size_t signer_count;
};

/* Preset roles and rules for the parts of a product (config/topology.h). */
enum topology {
	TOPOLOGY_NONE,
	TOPOLOGY_APPMON,
	TOPOLOGY_COUNT
};

struct fleet {
	struct arena arena;
	const char *name;
	enum topology topology;
	const char *path;      /* of the main file, as the user gave it */
	const char *directory; /* its directory, absolute */
	struct state_policy state;
	struct backup_policy backup;
	struct fleet_access access;
	const struct standing_ack *acknowledge; /* as in the file */
	size_t acknowledge_count;
	const struct freeze *freezes; /* of all roles; as in the file */
	size_t freeze_count;
	struct run_limits limits;
	struct approval_policy approvals;
	const struct notify *notify; /* as in the file */
	size_t notify_count;
	const struct issuer *issuers;
	size_t issuer_count;
	const struct certificate *certificates;
	size_t certificate_count;
	const struct role *roles;
	size_t role_count;
	const struct component *components;
	size_t component_count;
	const struct component *absent; /* of `presence: absent`; in no other list */
	size_t absent_count;
	const char *const *groups; /* including groups without items */
	size_t group_count;
	const struct fleet_source *sources;
	size_t source_count;
};

/* How many components one run may change, at least 1; SIZE_MAX: any number. */
size_t fleet_run_limit(const struct fleet *f);

void fleet_release(struct fleet *f);
AUTO_STRUCT(fleet, struct fleet, fleet_release)

/* Lookup by name (binary search); NULL: none. */
const struct issuer *fleet_issuer(const struct fleet *f, const char *name);
const struct certificate *fleet_certificate(const struct fleet *f, const char *name);
const struct role *fleet_role(const struct fleet *f, const char *name);
const struct component *fleet_component(const struct fleet *f, const char *name);
/* Where people find it: the port that proves it, its host or what it is delivered to; NULL: here.
 */
const char *component_address(const struct component *c);

/* Whether a component of this name is not used (`presence: absent`). */
bool fleet_is_absent(const struct fleet *f, const char *name);
bool fleet_has_group(const struct fleet *f, const char *name);

/* Names as in the fleet file: "ecdsa-p256" etc. */
extern const char *const key_type_names[KEY_TYPE_COUNT + 1];
extern const char *const name_kind_names[NAME_KIND_COUNT + 1];
extern const char *const starttls_names[STARTTLS_KIND_COUNT + 1];
extern const char *const handoff_format_names[HANDOFF_FORMAT_COUNT + 1];
extern const char *const declared_verb_names[DECLARED_COUNT + 1];
/* Each ends with NULL. */
extern const char *const commit_order_names[];
extern const char *const restart_when_names[];
extern const char *const offline_policy_names[];
extern const char *const on_failure_names[];

#endif
