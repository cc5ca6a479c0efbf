/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One question of the network half, and its answer.  Nothing in it is
 * believed: the order inside of it is checked where it is carried out.
 */
#ifndef AGENT_DISPATCH_H
#define AGENT_DISPATCH_H

#include "agent/ipc_message.h"
#include "agent/response.h"
#include "agent/signer_cache.h"
#include "base/arena.h"
#include "base/err.h"
#include "model/agent_config.h"
#include "wire/route.h"

#include <stdbool.h>
#include <stdint.h>

struct question {
	/* set by who reads one */
	const struct agent_config *config;
	const struct signers *signers;
	const char *spki; /* the agent's own */
	/* what is asked */
	uint32_t number;
	enum route route;
	const char *name;
	const struct agent_component *component; /* NULL: none has the name */
	struct secret body;
	struct arena arena;
};

void question_release(struct question *q);
AUTO_STRUCT(question, struct question, question_release)

/* ERR_REMOTE: the other half asks what makes no sense. */
MUST_CHECK bool question_read(struct message *m, struct question *q, struct err *e);
/* Seconds after which whoever asked is told to ask again. */
int question_seconds(const struct question *q);
/* However long it takes: a disk or a program may hang.  `ctx` is the
 * question. */
void question_answer(void *ctx, struct answer *out);

#endif
