/* SPDX-License-Identifier: Apache-2.0 */
/* Gathering what a fleet file reaches, for reach.c and reach_http.c. */
#ifndef PLAN_CONTACT_LIST_H
#define PLAN_CONTACT_LIST_H

#include "base/vec.h"
#include "model/fleet.h"
#include "plan/builder.h"

#include <stdbool.h>

/* In the order of their sentences, which is also that of the plan. */
enum reach_kind {
	REACH_KEYS,
	REACH_SECRET,
	REACH_COMMAND,
	REACH_SIGNAL,
	REACH_REQUEST,
	REACH_PATH,
	REACH_KIND_COUNT
};

/* One thing, before those that are the same are brought together. */
struct reached {
	const char *text;
	bool in_scope;
};

struct reach_list {
	struct draft *d;
	VEC(struct reached) list;
	bool in_scope; /* of what is added now */
};

void reach_add(struct reach_list *c, enum reach_kind kind, const char *what);
void reach_add_secret(struct reach_list *c, const struct secret_ref *s);
/* A path as it is told: beneath the fleet file's directory, relative. */
const char *reach_path(const struct reach_list *c, const char *path);

/* A file whose contents say whom we believe: with their hash, when known. */
const char *reach_trusted(const struct reach_list *c, const char *what, const char *path);

/* plan/contact_http.c */
void reach_add_caddy(struct reach_list *c, const struct caddy *caddy);
void reach_add_etcd(struct reach_list *c, const struct etcd *etcd);
void reach_add_http(struct reach_list *c, const struct http *http);
void reach_add_call(struct reach_list *c, const struct http_call *call);

/* plan/contact_ssh.c */
void reach_add_ssh(struct reach_list *c, const struct ssh_access *ssh);
void reach_add_sftp(struct reach_list *c, const struct deliver *d);
/* What is run, and where when that is another machine. */
const char *reach_there(const struct reach_list *c, const struct deliver *d, const char *what);

#endif
