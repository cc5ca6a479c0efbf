/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The folder of an agent: what each component was told last.
 *
 * It belongs to one agent, which is known by the path of its configuration; a file in
 * it says whose it is.  Without `state:` each agent has one of its own in the folder
 * of the host.  A folder of former versions, all of whose agents shared that of the
 * host, stays with the agent that starts first.
 */
#ifndef AGENT_AGENT_STATE_H
#define AGENT_AGENT_STATE_H

#include "base/err.h"
#include "model/agent_config.h"

/* Sets `state`; ERR_INPUT: it is another agent's. */
MUST_CHECK bool agent_state_claim(struct agent_config *c, struct err *e);

/*
 * Removes what killed writers left beside the files of an agent.  Only where no other
 * process writes them: at the start of the agent, and of its enrolment.
 */
void agent_files_clean(const struct agent_config *c);

#endif
