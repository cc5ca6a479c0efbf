/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Precondition codes: each row has the severity and the remedy.  Codes that are
 * found while observing rather than while planning are here too, so that
 * `--ack` knows them.
 */
#ifndef PLAN_CODES_H
#define PLAN_CODES_H

#include "model/plan.h"

#include <stdbool.h>

enum code {
	CODE_ACKNOWLEDGE_ENDED,
	CODE_ADOPT,
	CODE_APPROVAL_MISSING,
	CODE_AWAITING_HANDOFF,
	CODE_BACKUP_COPY_FAILED,
	CODE_BACKUP_MISSING,
	CODE_BUILTIN,
	CODE_CHAIN_OPEN,
	CODE_CLOCK_SKEW,
	CODE_ENDS_BEFORE_CONVERGENCE,
	CODE_ENDS_SOON,
	CODE_EXPIRED_IN_BACKUP,
	CODE_EXPIRES_BEFORE_RESTART,
	CODE_FAILED_BEFORE,
	CODE_FIRST_CONTACT,
	CODE_FOREIGN_AUTHORITY,
	CODE_IMPORT_INVALID,
	CODE_IMPORT_MISSING,
	CODE_INVALID,
	CODE_ISSUER_EXPIRES,
	CODE_ISSUER_REPLACED,
	CODE_LEFT_OUTDATED,
	CODE_MASS_RETIRE,
	CODE_MOVED,
	CODE_NOT_IN_BACKUP,
	CODE_NO_BUDGET,
	CODE_NOT_RESTARTABLE,
	CODE_NOT_RUNNING,
	CODE_OFFLINE,
	CODE_OPERATOR_ISSUER,
	CODE_OVER_LIMITS,
	CODE_PATH_LEFT,
	CODE_PIDFILE_DOUBTFUL,
	CODE_PLAIN,
	CODE_POLICY_CHANGED,
	CODE_RENAMED,
	CODE_RETURNED,
	CODE_REUSED_GENERATION,
	CODE_ROLLED_BACK,
	CODE_SECRET_MISSING,
	CODE_SHARED_KEY,
	CODE_STATE_BEHIND,
	CODE_STATE_MISSING,
	CODE_TARGET_UNWRITABLE,
	CODE_UNDECLARED,
	CODE_UNVERIFIABLE,
	CODE_VERSION_MIXED,
	CODE_VERSION_TOO_OLD,
	CODE_VERSION_UNKNOWN,
	CODE_WAITING_FOR_WINDOW,
	CODE_WINDOW_CONFLICT,
	CODE_COUNT
};

/* What a precondition takes out of a plan while it blocks or asks. */
enum scope_unit {
	UNIT_SUBJECT, /* the most specific of component, certificate, issuer (all its
			 certificates), role; the run when it has none */
	UNIT_PROCESS, /* what the process of the component has to take into use; of a
			 role: of its processes that restart */
	UNIT_RETIREMENTS,
	UNIT_RUN
};

struct code_row {
	const char *name;
	enum severity severity; /* `offline`: decided by the role */
	const char *remedy;
	const char *meaning; /* for the manual; NULL: never found by this version */
	enum scope_unit unit;
	bool remembered; /* an acknowledgement holds until another pair is desired */
};

extern const struct code_row code_rows[CODE_COUNT];

#endif
