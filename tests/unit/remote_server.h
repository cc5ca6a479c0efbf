/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server of a few lines for tests of what is reached over sockets: every
 * request gets the next of its answers (the last one again and again), on a
 * loopback port or a unix socket.  Each connection is a thread.
 */
#ifndef REMOTE_SERVER_H
#define REMOTE_SERVER_H

#include "base/clock.h"
#include "test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	SERVER_ANSWERS = 6,
	SERVER_ROOM = 64 * 1024
};

/* Of several servers together. */
struct server_gate {
	int needed;
	atomic_int asked;
};

struct server {
	bool lines;     /* ends each connection after one answer */
	bool closes;    /* the same over HTTP */
	int delay_ms;   /* before an answer */
	bool is_silent; /* never answers */
	/* nobody is answered before as many as that have asked; NULL: at once */
	struct server_gate *gate;
	const char *answers[SERVER_ANSWERS];
	/* set by server_new() */
	char origin[128];
	int fd;
	atomic_int connections;
	atomic_int requests;
	atomic_int busy;
	atomic_int most_busy;
	char last[SERVER_ROOM]; /* the last request */
	char all[SERVER_ROOM];  /* all of them, as far as they have room */
	struct server *next;
};

/*
 * One like `like`, started; it stays until the process ends, because its
 * threads outlive a test.  So must the answers.
 */
struct server *server_new(struct server like, const char *path);

/* Nobody listens there any more. */
void server_stop(struct server *s);

#endif
