/* SPDX-License-Identifier: Apache-2.0 */
/* What is wrong with a text before it is YAML at all, and how to say it. */
#ifndef CONFIG_SYNTAX_H
#define CONFIG_SYNTAX_H

#include "config/loader.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the parser said, as bytes into the source. */
struct syntax_error {
	const char *problem;
	uint32_t at;
	bool in_flow;
	/* lines from 1; 0: on the line of the mistake, or nowhere */
	size_t bracket_line; /* the bracket that is still open */
	size_t quote_line;   /* the quote that ended on the line of it */
};

/*
 * Valid UTF-8 without control characters and without the line breaks that
 * only YAML 1.1 knows: behind one of those, our parser would see keys where
 * other readers see a comment.  `ascii` says that bytes are characters.
 */
bool syntax_check_bytes(struct loader *ld, uint16_t source, bool *ascii);

/* In words that say what to do about it. */
void syntax_report(struct loader *ld, uint16_t source, const struct syntax_error *error);

/* ---- config/merge.c ---- */

/* The end of a mapping: keys are unique, and `<<` brings in others. */

/*
 * Reports repeated keys and drops their later pairs, then puts the pairs of
 * what `<<` names behind those the mapping has itself, which win.
 */
void mapping_finish(struct loader *ld, struct node *mapping, bool has_merge);

#endif
