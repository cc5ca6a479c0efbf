/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/codes.h"

const struct code_row code_rows[CODE_COUNT] = {
	[CODE_ADOPT] = { "adopt", SEVERITY_ACKNOWLEDGE,
			 "apply from the state that delivers to it" },
	[CODE_BACKUP_COPY_FAILED] = { "backup-copy-failed",
				      SEVERITY_ACKNOWLEDGE,
				      "make the place of the copy writable" },
	[CODE_BACKUP_MISSING] = { "backup-missing", SEVERITY_INFO,
				  "'certfleet apply' writes a new one; look "
				  "why this one is gone" },
	[CODE_CLOCK_SKEW] = { "clock-skew", SEVERITY_ACKNOWLEDGE,
			      "set the clock" },
	[CODE_EXPIRES_BEFORE_RESTART] = { "expires-before-restart",
					  SEVERITY_ACKNOWLEDGE,
					  "restart it in time, or apply with "
					  "--restart-postponed" },
	[CODE_FIRST_CONTACT] = { "first-contact", SEVERITY_INFO,
				 "check that this is intended" },
	[CODE_FOREIGN_AUTHORITY] = { "foreign-authority", SEVERITY_ACKNOWLEDGE,
				     "apply from the checkout whose state has "
				     "that authority, or restore its newest "
				     "bundle with 'certfleet backup restore'" },
	[CODE_IMPORT_MISSING] = { "import-missing", SEVERITY_INFO,
				  "put the file and its password back" },
	[CODE_ISSUER_EXPIRES] = { "issuer-expires", SEVERITY_ACKNOWLEDGE,
				  "replace the issuer's authority: change its "
				  "validity or subject" },
	[CODE_ISSUER_REPLACED] = { "issuer-replaced", SEVERITY_ACKNOWLEDGE,
				   "hand the new authority to all who trust "
				   "the old one, or take the change back" },
	[CODE_LEFT_OUTDATED] = { "left-outdated", SEVERITY_INFO,
				 "plan without --target to bring it along" },
	[CODE_MASS_RETIRE] = { "mass-retire", SEVERITY_ACKNOWLEDGE,
			       "look whether the fleet file is complete" },
	[CODE_NO_BUDGET] = { "no-budget", SEVERITY_BLOCK,
			     "bring the offline ones back, or raise "
			     "max_unavailable of the role" },
	[CODE_NOT_RESTARTABLE] = { "not-restartable", SEVERITY_BLOCK,
				   "say how it is activated" },
	[CODE_OFFLINE] = { "offline", SEVERITY_ACKNOWLEDGE,
			   "bring it back and plan again, or leave it for "
			   "later with 'offline: defer' in its role" },
	[CODE_OPERATOR_ISSUER] = { "operator-issuer", SEVERITY_ACKNOWLEDGE,
				   "let another issuer sign it, or say 'use: "
				   "operators' of this one if it is an "
				   "operator's" },
	[CODE_PIDFILE_DOUBTFUL] = { PLAN_PIDFILE_DOUBTFUL, SEVERITY_ACKNOWLEDGE,
				    "put the number of the right process into "
				    "the pidfile" },
	[CODE_RENAMED] = { "renamed", SEVERITY_INFO,
			   "take 'was' out once an apply has recorded it" },
	[CODE_ROLLED_BACK] = { "rolled-back", SEVERITY_ACKNOWLEDGE,
			       "find out why it failed there, or make another "
			       "one with --reissue" },
	[CODE_SHARED_KEY] = { "shared-key", SEVERITY_INFO,
			      "give each host its own with 'per: component'" },
	[CODE_STATE_BEHIND] = { "state-behind", SEVERITY_ACKNOWLEDGE,
				"use the newest state, or restore the newest "
				"bundle with 'certfleet backup restore'" },
	[CODE_STATE_MISSING] = { "state-missing", SEVERITY_ACKNOWLEDGE,
				 "restore the newest bundle with "
				 "'certfleet backup restore'" },
	[CODE_TARGET_UNWRITABLE] = { "target-unwritable", SEVERITY_BLOCK,
				     "make it writable for certfleet" },
	[CODE_VERSION_MIXED] = { "version-mixed", SEVERITY_INFO,
				 "bring the role to one version" },
	[CODE_VERSION_TOO_OLD] = { "version-too-old", SEVERITY_BLOCK,
				   "upgrade it" },
	[CODE_VERSION_UNKNOWN] = { "version-unknown", SEVERITY_BLOCK,
				   "make its version known" },
};
