/* SPDX-License-Identifier: Apache-2.0 */
/* The host of an agent that enrols, in a thread of its own. */
#ifndef ENROL_FIXTURE_H
#define ENROL_FIXTURE_H

#include "agent/enrol_host.h"
#include "base/fs.h"
#include "crypto/token.h"
#include "pki/pair.h"
#include "test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	TOLD_ROOM = 4096,
};

struct host {
	char folder[64];
	struct agent_config config;
	struct secret token;
	int64_t wait; /* seconds */
	pthread_t thread;
	atomic_bool ready;
	bool enrolled;
	struct err error;
	char told[TOLD_ROOM];
};

const char *host_path(struct host *h, const char *name);
void host_init(struct host *h);
void host_release(struct host *h);

/* ---- the agent ---- */

void host_start(struct host *h);
void host_end(struct host *h);
bool host_has(struct host *h, const char *name);
void assert_nothing_is_left(struct host *h);
const char *host_text(struct host *h, const char *name);
void host_put(struct host *h, const char *name, const char *text);

#endif
