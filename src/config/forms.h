/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Forms: the structs that mappings of a fleet file decode into, where these are
 * not structs of the model.
 */
#ifndef CONFIG_FORMS_H
#define CONFIG_FORMS_H

#include "config/fields.h"
#include "model/fleet.h"

#include <stdbool.h>
#include <stdint.h>

struct secret_form {
	const char *variable;
	const char *file;
	const char *const *command;
	const char *key_file;
};

struct approval_form {
	struct approval_policy policy;
	struct items signers; /* struct approval_key */
};

struct notify_http_form;

struct notify_form {
	const char *const *command;
	const struct notify_http_form *http;
	unsigned on;
	int64_t timeout;
};

struct fleet_form {
	unsigned version;
	const char *name;
	enum topology topology;
	struct state_policy state;
	struct backup_policy backup;
	struct fleet_access access;
	struct items acknowledge; /* struct ack_form */
	struct items freezes;     /* struct freeze_form */
	struct run_limits limits;
	struct approval_form approvals;
	struct items notify; /* struct notify_form */
	const struct node *include;
	struct section *issuers;
	struct section *certificates;
	struct section *roles;
	struct section *components;
};

struct ack_form {
	unsigned code;
	struct standing_ack ack;
};

struct copy_form {
	const char *const *command;
};

struct backup_form {
	struct backup_policy policy;
	struct items passphrases; /* struct secret_ref */
	struct items copies;      /* struct backup_copy */
};

struct issuer_form {
	const struct node *key;
	const struct node *node;
	const struct node *subject;
	struct issuer issuer;
};

/* `per: component`, or one certificate for the whole fleet. */
enum per {
	PER_COMPONENT,
	PER_FLEET
};

struct certificate_form {
	const struct node *key;
	const struct node *node;
	const struct node *subject; /* read in the scope of the component */
	const struct node *names;
	const struct node *export;
	const char *issuer;
	enum per per;
	struct certificate certificate;
	size_t users; /* number of components that use it */
	bool good;    /* no mistake so far */
};

/* A number, or a percentage. */
struct share {
	unsigned count;
	bool is_percent;
};

struct restart_form {
	struct restart restart;
	struct share max_unavailable;
	struct items windows; /* struct window */
	struct items freezes; /* struct freeze_form */
};

struct version_form {
	const char *minimum;
	bool same;
};

struct role_form {
	const struct node *key;
	const struct node *node;
	struct version_form version;
	enum offline_policy offline;
	struct restart_form restart;
	const struct node *after;
	const struct node *deliver; /* defaults, read for each component */
	const struct node *activate;
	const struct node *verify;
	bool restartable;
	bool used; /* by a valid component */
	const struct role *role;
};

struct import_form {
	struct items file; /* told by their content */
	struct items pem;
	struct items der;
	const char *pkcs12;
	const char *zip;
	struct secret_ref password;
};

struct activate_form {
	unsigned signal;
	const char *pidfile;
	const char *exe;
	const char *unit;
	bool start;
	const char *const *reload;
	const char *const *command;
	const struct http_call *http;
	int64_t timeout; /* 0: left out */
};

struct retire_form {
	bool remove;
};

enum {
	PRESENCE_LEFT_OUT = 3, /* as many names as there are */
};

struct component_form {
	const char *role;
	const char *certificate;
	struct deliver deliver;
	struct activate activate;
	struct items verify; /* struct verify */
	struct retire_form retire;
	const char *host;
	const char *process;
	const char *quorum;
	const char *was;
	const struct node *each;
	bool restartable;
	unsigned running;  /* 1: required */
	unsigned presence; /* of presence_names */
	struct appmon_part appmon;
	const char *const *revert;
};

struct csv_form {
	const struct node *file;
	const char *name;
};

#endif
