/* SPDX-License-Identifier: Apache-2.0 */
/* The listening socket of an agent. */
#ifndef AGENT_LISTENER_H
#define AGENT_LISTENER_H

#include "base/err.h"
#include "model/agent_config.h"

#include <stdbool.h>

MUST_CHECK bool listener_open(const struct agent_config *c, int *out, struct err *e);

#endif
