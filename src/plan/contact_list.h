/* SPDX-License-Identifier: Apache-2.0 */
/* Gathering what a fleet file reaches, for contact.c and contact_http.c. */
#ifndef PLAN_CONTACT_LIST_H
#define PLAN_CONTACT_LIST_H

#include "base/vec.h"
#include "model/fleet.h"
#include "plan/builder.h"

#include <stdbool.h>

/* In the order of their sentences, which is also that of the plan. */
enum contact_kind {
	CONTACT_KEYS,
	CONTACT_SECRET,
	CONTACT_COMMAND,
	CONTACT_SIGNAL,
	CONTACT_REQUEST,
	CONTACT_PATH,
	CONTACT_KIND_COUNT
};

/* One thing, before those that are the same are brought together. */
struct contact {
	const char *text;
	bool in_scope;
};

struct contact_list {
	struct plan_builder *d;
	VEC(struct contact) list;
	bool in_scope; /* of what is added now */
};

void contact_add(struct contact_list *c, enum contact_kind kind, const char *what);
void contact_add_secret(struct contact_list *c, const struct secret_ref *s);
/* A path as it is told: beneath the fleet file's directory, relative. */
const char *contact_path(const struct contact_list *c, const char *path);

/* A file whose contents say whom we believe: with their hash, when known. */
const char *contact_trusted(const struct contact_list *c, const char *what, const char *path);

/* plan/contact_http.c */
void contact_add_caddy(struct contact_list *c, const struct caddy *caddy);
void contact_add_etcd(struct contact_list *c, const struct etcd *etcd);
void contact_add_http(struct contact_list *c, const struct http *http);
void contact_add_call(struct contact_list *c, const struct http_call *call);

/* plan/contact_ssh.c */
void contact_add_ssh(struct contact_list *c, const struct ssh_access *ssh);
void contact_add_sftp(struct contact_list *c, const struct deliver *d);
/* What is run, and where when that is another machine. */
const char *contact_there(const struct contact_list *c, const struct deliver *d, const char *what);

#endif
