/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Detached signatures of saved plans: PLAN.signed of its maker, PLAN.approved.NAME of each
 * who approved it.  JSON, with the public key; what is signed is the purpose
 * ("certfleet-approval-1", "certfleet-plan-1"), the hash, lineage and serial of the plan,
 * and when it expires, each with a newline.
 *
 * A signature says nothing of whether its key counts: that is in the rules.
 */
#ifndef ENGINE_PLAN_SIGNATURE_H
#define ENGINE_PLAN_SIGNATURE_H

#include "base/arena.h"
#include "base/auto.h"
#include "base/err.h"
#include "model/approval.h"
#include "model/plan.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Why another key does not. */
#define PLAN_KEY_KINDS \
	"plans are signed with Ed25519 or ECDSA; 'openssl genpkey -algorithm ed25519' makes such a key"

/* A key that signs plans, from a PEM file that is believed (base/trusted_file.h). */
struct plan_signer;

MUST_CHECK bool plan_signer_open(const char *path, struct plan_signer **out, struct err *e);
void plan_signer_close(struct plan_signer *s);
AUTO_TYPE(plan_signer, struct plan_signer *, plan_signer_close)

/* SHA-256 of its SubjectPublicKeyInfo, in hex. */
const char *plan_signer_key(const struct plan_signer *s);

/* The saved form of a plan and its hash. */
struct plan_identity {
	const char *path; /* of the saved plan */
	const char *hash;
	const char *lineage;
	int64_t serial;
};

/* Writes PLAN.signed; it lasts as long as the plan. */
MUST_CHECK bool plan_sign(const struct plan_signer *s, const struct plan_identity *plan,
			  struct err *e);
/* Writes PLAN.approved.NAME with the name and the end of `as`, whose path it returns in `a`. */
MUST_CHECK bool plan_approve(const struct plan_signer *s, const struct plan_identity *plan,
			     const struct approval *as, struct arena *a, const char **path,
			     struct err *e);

/* Whether PLAN.signed is a signature of the plan by this key; ERR_STALE. */
MUST_CHECK bool plan_check_maker(const struct plan_identity *plan, const char *maker,
				 struct err *e);

/* Approvals that count, and of each other one why it does not. */
struct approvals_found {
	const struct approval *list; /* by key */
	size_t count;
	const char *const *notes;
	size_t note_count;
};

/*
 * Reads the approvals beside the plan.  One counts when its key is of a signer of the rules
 * and not the maker's, it is of this very plan and has not expired; one key counts
 * once.  Strings in `a`.
 */
MUST_CHECK bool plan_find_approvals(const struct plan_identity *plan,
				    const struct approval_rules *rules, const char *maker,
				    struct arena *a, struct approvals_found *out, struct err *e);

#endif
