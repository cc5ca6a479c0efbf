/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One conversation with an etcd, for the driver `etcd`: names of keys, one
 * request after the other, and who we are.
 */
#ifndef DRIVERS_ETCD_SESSION_H
#define DRIVERS_ETCD_SESSION_H

#include "drivers/driver_table.h"
#include "drivers/etcd_keys.h"
#include "drivers/reported_pair.h"
#include "model/http_spec.h"

#include <stdbool.h>

struct etcd_talk {
	const struct identity *identity;
	struct secret token;
	struct exchange_header header; /* with the token */
	unsigned step;                 /* of the verb's course */
	json_t *reply;
	struct reported_pair held; /* what is published */
};

static inline struct etcd_talk *etcd_talk(const struct visit *v)
{
	return v->memory;
}

static inline const struct etcd *etcd_of(const struct visit *v)
{
	return v->job->component->deliver.etcd;
}

/* Makes the visit's memory, which etcd_talk_end() wipes. */
MUST_CHECK bool etcd_talk_begin(struct visit *v, struct err *e);
void etcd_talk_end(struct visit *v);

/* "KEY/BELOW", and the same beneath staged/FINGERPRINT and previous. */
typedef const char *etcd_name_fn(const struct visit *v, const char *below);
etcd_name_fn etcd_name, etcd_staged, etcd_previous;

/* Always TURN_ASK. */
enum turn etcd_ask(const struct visit *v, struct exchange *ask, const struct etcd_txn *txn);
/* The reply as JSON, into the talk. */
MUST_CHECK bool etcd_take(struct visit *v, struct err *e);

bool etcd_needs_login(const struct visit *v);
enum turn etcd_ask_login(struct visit *v, struct exchange *ask, struct err *e);
MUST_CHECK bool etcd_take_token(struct visit *v, struct err *e);

#endif
