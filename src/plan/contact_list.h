/* SPDX-License-Identifier: Apache-2.0 */
/* Contact list under construction, for contact*.c, policy_changed.c and approvals.c. */
#ifndef PLAN_CONTACT_LIST_H
#define PLAN_CONTACT_LIST_H

#include "base/vec.h"
#include "model/fleet.h"
#include "plan/builder.h"

#include <stdbool.h>

/* Order of the messages in the plan. */
enum contact_kind {
	CONTACT_KEYS,
	CONTACT_CLEAR,
	CONTACT_COPY,
	CONTACT_SECRET,
	CONTACT_COMMAND,
	CONTACT_SIGNAL,
	CONTACT_REQUEST,
	CONTACT_PATH,
	/* no contacts; policy_changed.c and approvals.c tell of them */
	CONTACT_POLICY,
	CONTACT_LEFT,
	CONTACT_KIND_COUNT
};

/* One contact; several may have the same text. */
struct contact {
	const char *text;
	bool in_scope;
	struct contacts *of; /* NULL: a policy */
};

struct contact_list {
	struct plan_builder *d;
	VEC(struct contact) list;
	bool in_scope;       /* of the contacts added next */
	struct contacts *of; /* likewise */
};

void contact_add(struct contact_list *c, enum contact_kind kind, const char *what);
/* Those of a kind that are new, without its word; in the plan's arena. */
size_t contact_new_items(const struct contact_list *c, enum contact_kind kind,
			 const char *const **out);
void contact_add_secret(struct contact_list *c, const struct secret_ref *s);
/* Displayed path: relative when inside the fleet file's directory. */
const char *contact_path(const struct contact_list *c, const char *path);

/* Trust file (CA certificates, host keys) with its hash, when known. */
const char *contact_trusted(const struct contact_list *c, const char *what, const char *path);

/* Policies of the fleet file (policy_changed.c), and those that changed. */
void contact_add_policies(struct contact_list *c);
void contact_report_policies(struct contact_list *c);

/* HTTP based drivers (contact_http.c) */
void contact_add_caddy(struct contact_list *c, const struct caddy *caddy);
void contact_add_etcd(struct contact_list *c, const struct etcd *etcd);
void contact_add_http(struct contact_list *c, const struct http *http);
void contact_add_call(struct contact_list *c, const struct http_call *call);

/* SSH and SFTP (contact_ssh.c) */
void contact_add_ssh(struct contact_list *c, const struct ssh_access *ssh);
void contact_add_sftp(struct contact_list *c, const struct deliver *d);
/* Command with its host, when that is another machine. */
const char *contact_there(const struct contact_list *c, const struct deliver *d, const char *what);

#endif
