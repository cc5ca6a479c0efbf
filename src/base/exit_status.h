/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exit statuses of the program, and of a run in the journal (DESIGN, section
 * 3).  Scripts depend on them, so a number never changes its meaning.
 */
#ifndef BASE_EXIT_STATUS_H
#define BASE_EXIT_STATUS_H

enum exit_status {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_PENDING = 2,
	EXIT_ASKS = 3,
	EXIT_BLOCKED = 4,
	EXIT_STALE = 5,
	EXIT_BUSY = 6,
	EXIT_PARTLY = 7,
	EXIT_ROLLED_BACK = 8,
	EXIT_AWAITS = 9,
	EXIT_BAD_USAGE = 64,
	EXIT_BAD_INPUT = 65,
};

struct exit_status_row {
	enum exit_status status;
	const char *meaning; /* the manual's wording */
	const char *run;     /* shown for a run with this status; NULL: no run has it */
};

/* Sorted by status; ends with a row without meaning. */
extern const struct exit_status_row exit_status_rows[];

#endif
