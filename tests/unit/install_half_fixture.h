/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The installing half in a process of its own, and a test that talks to it
 * the way the network half does, or a hostile one.
 */
#ifndef INSTALL_HALF_FIXTURE_H
#define INSTALL_HALF_FIXTURE_H

#include "agent/install_half.h"
#include "agent/ipc.h"
#include "agent_fixture.h"
#include "base/clock.h"
#include "base/stop.h"
#include "wire/route.h"
#include "json/value.h"

#include <signal.h>
#include <sys/prctl.h>

/* How it ended. */
enum {
	ENDED_AS_ASKED = 10,
	ENDED_ALONE,    /* the other half has gone */
	ENDED_NONSENSE, /* the other half talked nonsense */
	ENDED_BADLY,
};

struct half {
	pid_t pid;
	struct ipc requests;
	struct ipc handshakes;
	uint32_t asked;
};

struct half half_begin(void);

/* How it ended. */
int half_wait(struct half *h);

/* The network half goes. */
void half_leave(struct half *h);

/* ---- requests ---- */

void post_request(struct half *h, enum route route, const char *name, const struct secret *body);

struct reply {
	uint32_t number;
	int status;
	char problem[64]; /* "stale-order"; "" of a good one */
	char *text;       /* in the arena */
};

struct reply read_reply(struct half *h);
struct reply ask(struct half *h, enum route route, const char *name, const struct secret *body);

/* A signed order as it was sent once. */
struct recorded {
	enum route route;
	const char *component;
	int64_t sequence;
	struct secret body;
};

void record_as(struct recorded *out, enum who who, const struct order *o, const struct pair *p);
struct reply replay(struct half *h, const struct recorded *r);
struct reply order(struct half *h, const struct order *o, const struct pair *p);
void wait_for_activations(size_t count);

/* ---- handshakes ---- */

struct message ask_handshake(struct half *h, struct message *question);
uint64_t ask_revision(struct half *h);

#endif
