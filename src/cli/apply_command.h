/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command that applies a saved plan, as a user would type it: quoted for
 * a shell, with -C as it was given, the fleet file and every choice of the
 * plan, since none of them counts unless it is given again.
 *
 * It always names the fleet file: with --file nothing but a saved plan is
 * taken, so that a fleet file somebody put in the plan's place is refused
 * before it is read.
 */
#ifndef CLI_APPLY_COMMAND_H
#define CLI_APPLY_COMMAND_H

#include "base/buf.h"
#include "cli/session.h"
#include "model/plan.h"

/* " --ack CODE --target T", or "" without choices. */
void apply_choices(const struct choices *c, struct buf *out);
/* `fleet_file` as the command line named it, never as a plan does. */
void apply_command(const struct session *s, const char *plan_path, const char *fleet_file,
		   const struct choices *c, struct buf *out);

#endif
