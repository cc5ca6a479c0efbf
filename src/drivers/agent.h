/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Components that an agent on their host takes care of (src/agent/).
 *
 * Each request goes over a connection with mutual TLS to the agent's URL;
 * what changes something carries an order for exactly the key that the agent
 * has proven there.  An agent that got another key since (its own pair is
 * delivered like any other) refuses, is asked who it is, and is told again.
 *
 * What an agent holds cannot be read back: a pair that the state does not
 * know stays on the host, beside the new one.
 */
#ifndef DRIVERS_AGENT_H
#define DRIVERS_AGENT_H

#include "drivers/driver_table.h"

extern const struct driver agent_driver;

#endif
