/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scores over a collection of cases with their expected outcome, one JSON object
 * a line.  The collection's folder is $CERTFLEET_CORPUS, else the folder NAME of
 * $CERTFLEET_CORPORA (../shared/corpora).  Each miss is printed, then one line for
 * each tier:
 *
 *	miss imp-0136 [contested] files/pem-key/x.pem: reject expected, accepted
 *	score scored 263 of 264 (99.6 %)
 */
#ifndef CORPUS_FIXTURE_H
#define CORPUS_FIXTURE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum {
	CORPUS_TIERS = 8
};

struct corpus_tier {
	char name[32];
	unsigned right;
	unsigned total;
};

struct corpus_score {
	struct corpus_tier tiers[CORPUS_TIERS];
};

/* One case, and what became of it. */
struct corpus_case {
	json_t *row;
	const char *folder;
	bool right;
	const char *name; /* for the line of a miss; NULL: none */
	char got[512];
};

typedef void corpus_fn(struct corpus_case *c);

/* A member of the row as text; "" where it is none. */
const char *corpus_field(const json_t *row, const char *name);
/* Judges every case of NAME/INDEX; skips the test when the collection is not there. */
void corpus_score(const char *name, const char *index, corpus_fn *judge, struct corpus_score *out);
/* The tier's misses; 0 where there is no such tier. */
unsigned corpus_misses(const struct corpus_score *s, const char *tier);

#endif
