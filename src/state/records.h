/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records of a state: keys and JSON values.
 *
 * A record that cannot be decoded is ERR_IO naming its key.  So is one whose
 * content belongs under another key.
 */
#ifndef STATE_RECORDS_H
#define STATE_RECORDS_H

#include "base/arena.h"
#include "base/err.h"
#include "model/approval.h"
#include "model/certs.h"
#include "model/snapshot.h"
#include "state/backend.h"
#include "json/record.h"

#include <stdbool.h>

#define GENERATION_PREFIX "generation/"
#define COMPONENT_PREFIX "component/"
#define OBSERVATION_PREFIX "observation/"
#define KEY_PREFIX "key/"
#define INVITE_PREFIX "invite/"
#define AGENT_PREFIX "agent/"
#define BUNDLE_PREFIX "bundle/"
#define CERTS_PREFIX "certs/"
#define CONTACT_PREFIX "reach/"
#define WRITTEN_PREFIX "written/"
#define RUN_PREFIX "run/"
#define STEP_PREFIX "step/"
#define PLAN_PREFIX "plan/"
#define ACCEPTED_KEY "accepted"
#define APPROVALS_KEY "approvals"
#define COPIED_KEY "copied"

enum {
	CHAIN_LIMIT = 10,
	CERTIFICATE_LIMIT = 64 * 1024,
};

/* "PREFIX" and the percent-encoded name. */
const char *record_key(struct arena *a, const char *prefix, const char *name);
/* Key prefix of all generations of one owner: "generation/c/OWNER/". */
const char *generations_prefix(struct arena *a, enum generation_of of, const char *owner);
const char *generation_key(struct arena *a, const struct generation *g);
/* Key of a generation's certificates, stored apart so that lists stay light. */
const char *certificates_key(struct arena *a, const struct generation *g);

/* Whether the record's key starts with `prefix`. */
bool record_is(const struct stored_record *r, const char *prefix);

/*
 * Checks of single records, for state_check_all(): each decodes a record as its readers do,
 * and names it when it cannot.
 */
typedef bool record_check_fn(const struct stored_record *r, struct arena *a, struct err *e);
record_check_fn contact_check, accepted_check, run_check, step_check, plan_check, invite_check,
	bundle_check, copied_check, enrolled_check, written_check, approval_rules_check;

/* Sets "record 'KEY' is damaged: ..." with the remedy; returns false. */
bool record_damaged(const struct stored_record *r, const char *why, struct err *e);
/* The JSON object in a record. */
MUST_CHECK bool record_parse(const struct stored_record *r, json_t **out, struct err *e);
MUST_CHECK bool record_decode(const struct stored_record *r, const struct member *members,
			      struct arena *a, void *thing, struct err *e);
const char *record_encode(const struct member *members, const void *thing, struct arena *a);

/* Decodes what generation_encode() wrote to a backup; ERR_IO as of a record. */
MUST_CHECK bool generation_decode(const char *json, struct arena *a, struct generation *out,
				  struct err *e);
MUST_CHECK bool generation_read(const struct stored_record *r, struct arena *a,
				struct generation *out, struct err *e);

/* Keys of accepted foreign CAs, sorted. */
MUST_CHECK bool accepted_read(const struct stored_record *r, struct arena *a,
			      const char *const **out, size_t *count, struct err *e);

MUST_CHECK bool approval_rules_read(const struct stored_record *r, struct arena *a,
				    const struct approval_rules **out, struct err *e);

const char *certificates_encode(const struct cert_set *set, struct arena *a);
MUST_CHECK bool certificates_read(const struct stored_record *r, struct arena *a,
				  struct cert_set *out, struct err *e);

/*
 * Two records of a component: `component` holds what certfleet did (and makes
 * it known), `observation` what was seen.
 */
const char *component_encode(const struct component_seen *c, struct arena *a);
MUST_CHECK bool component_read(const struct stored_record *r, struct arena *a,
			       struct component_seen *out, struct err *e);
const char *observation_encode(const struct component_seen *c, struct arena *a);
MUST_CHECK bool observation_read(const struct stored_record *r, struct arena *a,
				 struct component_seen *out, struct err *e);

#endif
