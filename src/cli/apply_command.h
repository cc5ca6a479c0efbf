/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command that applies a saved plan, as a user would type it: quoted for a
 * shell, with -C as it was given, the fleet file and every choice of the plan,
 * since each choice counts only when it is given again.
 *
 * The command always names the fleet file: with --file only a saved plan is
 * accepted, so that a fleet file put in the place of the plan is refused before
 * it is read.
 */
#ifndef CLI_APPLY_COMMAND_H
#define CLI_APPLY_COMMAND_H

#include "base/buf.h"
#include "cli/session.h"
#include "model/plan.h"

/* Writes "certfleet " with -C as it was given. */
void command_begin(const struct session *s, struct buf *out);
/* Writes " --ack CODE --target T", or nothing without choices. */
void apply_choices(const struct choices *c, struct buf *out);
/* `fleet_file` as on the command line, never as in the plan. */
void apply_command(const struct session *s, const char *plan_path, const char *fleet_file,
		   const struct choices *c, struct buf *out);
/*
 * cli/handoff_steps.c: what a person has to import, step by step, and the command that goes on
 * then; nothing when the plan awaits nobody.
 */
void handoff_steps(const struct session *s, const struct plan *p, struct buf *out);

#endif
