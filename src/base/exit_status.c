/* SPDX-License-Identifier: Apache-2.0 */
#include "base/exit_status.h"

#include <stddef.h>

const struct exit_status_row exit_status_rows[] = {
	{ EXIT_DONE, "done, or nothing to do (postponed and deferred as planned count as done)",
	  "done" },
	{ EXIT_FAILED, "failed, no component changed", "failed, no component changed" },
	{ EXIT_PENDING, "changes pending (`plan --detailed-exitcode`, `status --check`)", NULL },
	{ EXIT_ASKS, "something waits for an acknowledgement, `--ack CODE`; all else is done",
	  "something waits for an acknowledgement" },
	{ EXIT_BLOCKED, "a precondition blocks something; all else is done",
	  "a precondition blocks something" },
	{ EXIT_STALE, "the saved plan is stale, or components that moved have left it",
	  "components moved and left the saved plan" },
	{ EXIT_BUSY, "another certfleet holds the lock", NULL },
	{ EXIT_PARTLY, "something changed and something did not end well", "ended with failures" },
	{ EXIT_ROLLED_BACK, "all that failed was rolled back, and the roll back verified",
	  "failed, rolled back" },
	{ EXIT_AWAITS, "something waits for a person (a hand-off); all else is done",
	  "something waits for a person" },
	{ EXIT_BAD_USAGE, "usage", NULL },
	{ EXIT_BAD_INPUT, "the fleet file or an input is invalid", NULL },
	{ 0 },
};
