/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Approvals: which changes of a plan need them, how many, and who gives them.  The fleet
 * file asks for them; what counts is what the state has of the last completed run.
 */
#ifndef MODEL_APPROVAL_H
#define MODEL_APPROVAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What may need them; `for` in the fleet file. */
enum approval_class {
	APPROVE_ISSUERS,  /* a new authority, unless an unchanged one is renewed */
	APPROVE_CONTACTS, /* what `first-contact` tells */
	APPROVE_REMOVALS, /* components that left the fleet file */
	APPROVE_REQUESTS, /* a certificate that is new, or asks for something else */
	APPROVE_COUNT
};
/* Ends with NULL. */
extern const char *const approval_class_names[APPROVE_COUNT + 1];

enum {
	APPROVAL_SIGNERS_LIMIT = 100,
	APPROVAL_VALID_FOR = 72 * 3600
};

/* A key, by the SHA-256 of its SubjectPublicKeyInfo, in hex. */
struct approval_signer {
	const char *name;
	const char *key;
};

struct approval_rules {
	unsigned required;
	unsigned about;                        /* a bit for each enum approval_class */
	const struct approval_signer *signers; /* by name */
	size_t signer_count;
};

/* NULL, no rules, equals only NULL. */
bool approval_rules_equal(const struct approval_rules *a, const struct approval_rules *b);
/* The signer with this key; NULL: none. */
const struct approval_signer *approval_signer(const struct approval_rules *r, const char *key);

/* An approval that counted for a run. */
struct approval {
	const char *name; /* of the signer */
	const char *key;
	int64_t expires;
};

#endif
