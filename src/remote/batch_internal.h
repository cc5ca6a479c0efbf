/* SPDX-License-Identifier: Apache-2.0 */
/* A batch's hosts, shared by the batch*.c files. */
#ifndef REMOTE_BATCH_INTERNAL_H
#define REMOTE_BATCH_INTERNAL_H

#include "base/arena.h"
#include "base/loop.h"
#include "remote/batch.h"
#include "remote/ssh_session.h"

#include <curl/curl.h>

/* An SSH login: the first conversation tries it, the others wait for its outcome. */
struct account {
	struct account *next;
	struct ssh_login login; /* strings in the batch's arena */
	struct semaphore turn;
	bool accepted;
	struct err refusal;
};

/* An origin. */
struct host {
	const char *origin;
	struct semaphore places;
	struct account *accounts;
};

struct conversation {
	struct batch *batch;
	struct host *host;
	batch_fn *run;
	void *ctx;
};

struct batch {
	struct loop *loop;
	CURLM *multi;
	struct ssh_pool ssh; /* idle connections */
	struct arena arena;  /* freed after each run */
	void *hosts;         /* tree, see tsearch(3) */
	size_t host_count;
	batch_stop_fn *on_stop; /* NULL, or called already */
	void *on_stop_ctx;
};

struct host *batch_find_host(struct batch *b, const char *origin);

#endif
