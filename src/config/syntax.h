/* SPDX-License-Identifier: Apache-2.0 */
/* Syntax errors of YAML: check of the bytes, and clearer messages than the parser's. */
#ifndef CONFIG_SYNTAX_H
#define CONFIG_SYNTAX_H

#include "config/loader.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An error of the parser, with positions in bytes. */
struct syntax_error {
	const char *problem;
	uint32_t at;
	bool in_flow;
	/* line numbers from 1; 0: on the line of the mistake, or unknown */
	size_t bracket_line; /* line of the bracket that is still open */
	size_t quote_line;   /* line of the quote that ended on the line of the mistake */
};

/*
 * Checks for valid UTF-8 without control characters and without the line breaks
 * that only YAML 1.1 knows: after one of those, libyaml would see keys where
 * other readers see a comment.  `ascii`: one byte is one character.
 */
bool syntax_check_bytes(struct loader *ld, uint16_t source, bool *ascii);

/* Reports an error in words that say how to fix it. */
void syntax_report(struct loader *ld, uint16_t source, const struct syntax_error *error);

/* ---- duplicate keys and merge keys ---- */

/*
 * Finishes a mapping: reports duplicate keys and drops the later pairs, then
 * appends the pairs of the mappings that `<<` names; the mapping's own pairs
 * win.
 */
void mapping_finish(struct loader *ld, struct node *mapping, bool has_merge);

#endif
