/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CSV after RFC 4180, with a header row.  Messages show only the file's name
 * and a position, never its content.
 */
#ifndef CONFIG_CSV_H
#define CONFIG_CSV_H

#include "config/loader.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	CSV_COLUMNS = 100,
	CSV_CELL_BYTES = 4096
};

struct csv_row {
	const char *const *cells; /* as many as there are columns */
	uint32_t at;              /* byte offset */
};

struct csv {
	uint16_t source;
	const char *const *header;
	size_t columns;
	const struct csv_row *rows;
	size_t count;
};

/* Parses a source; the rows are counted before any is built. */
bool csv_parse(struct loader *ld, uint16_t source, struct csv *out);

#endif
