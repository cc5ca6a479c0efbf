/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An agent's configuration in a directory of its own, operators of all kinds
 * and the orders they sign.
 */
#ifndef AGENT_FIXTURE_H
#define AGENT_FIXTURE_H

#include "agent/order_verify.h"
#include "install_fixture.h"
#include "pki/signature.h"

#include <sys/wait.h>

/* Who signs; all but the last two are on the list. */
enum who {
	OPS,      /* by its key */
	NAMED,    /* by its name */
	STRANGER, /* of another authority */
	SERVER,   /* not made for clients */
	FORMER,   /* its certificate has ended */
	LEAVING,  /* its certificate ends in five minutes */
	UNLISTED,
	WHO_COUNT
};

struct signatory {
	struct pair pair;
	struct signing_key *key;
};

extern struct signatory signatories[WHO_COUNT];
extern struct pair operators;
extern struct pair own_pair;  /* the agent's */
extern struct pair next_pair; /* its next one */
extern struct buf authority_pem;
extern struct agent_config config;
extern struct signer_cache *signers;

#define LINEAGE "0123456789abcdef0123456789abcdef"
#define OTHER_LINEAGE "fedcba9876543210fedcba9876543210"

struct operator_kind {
	const char *subject;
	unsigned purpose;
	int64_t age; /* seconds since it began */
};

void make_operator(const struct pair *ca, const struct operator_kind *o, struct pair *out);
int make_signatories(void **state);
int drop_signatories(void **state);

/* ---- the agent ---- */

/* Appends a line to the file "activated". */
struct activate counting(const char *script);

int open_agent(void **state);
int close_agent(void **state);

const struct agent_component *component(const char *name);
size_t activations(void);

/* ---- orders ---- */

/* For "edge/e1", number 1; a new pair in the place of nothing. */
struct order order_to(enum order_action action);

void name_pair(struct order *o, const struct pair *p);
struct order_request sign(enum who who, const struct order *o);

#endif
