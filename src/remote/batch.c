/* SPDX-License-Identifier: Apache-2.0 */
#include "remote/batch.h"

#include "base/alloc.h"
#include "base/stop.h"
#include "remote/batch_internal.h"
#include "remote/client.h"

#include <assert.h>
#include <search.h>
#include <string.h>
#include <sys/resource.h>

enum {
	OTHER_FILES = 128, /* descriptors reserved for other uses than connections */
};

_Static_assert(POLLIN == CURL_WAIT_POLLIN && POLLOUT == CURL_WAIT_POLLOUT,
	       "curl's events are those of poll(2)");

/* Lets curl go on, and polls its descriptors as well unless a transfer has ended. */
static void batch_poll(void *ctx, struct pollfd *fds, size_t count, int timeout_ms)
{
	struct batch *b = ctx;
	struct curl_waitfd waits[BATCH_FLEET_LIMIT];
	CURLMsg *m = NULL;
	int ignored = 0;
	bool ended = false;

	if (b->on_stop && stop_requested()) {
		b->on_stop(b->on_stop_ctx);
		b->on_stop = NULL;
	}
	curl_multi_perform(b->multi, &ignored);
	for (m = curl_multi_info_read(b->multi, &ignored); m;
	     m = curl_multi_info_read(b->multi, &ignored)) {
		struct http_client *client = NULL;

		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &client);
		client->rc = m->data.result;
		loop_wake(client->task);
		ended = true;
	}
	if (ended)
		return;
	assert(count <= BATCH_FLEET_LIMIT);
	for (size_t i = 0; i < count; i++)
		waits[i] = (struct curl_waitfd){ .fd = fds[i].fd, .events = fds[i].events };
	curl_multi_poll(b->multi, waits, (unsigned)count, timeout_ms, NULL);
	for (size_t i = 0; i < count; i++)
		fds[i].revents = waits[i].revents;
}

struct batch *batch_new(void)
{
	struct batch *b = xcalloc(1, sizeof(*b));

	client_global();
	b->multi = curl_multi_init();
	if (!b->multi)
		abort();
	b->loop = loop_new(BATCH_FLEET_LIMIT);
	loop_set_poll(b->loop, batch_poll, b);
	return b;
}

void batch_on_stop(struct batch *b, batch_stop_fn *fn, void *ctx)
{
	b->on_stop = fn;
	b->on_stop_ctx = ctx;
}

void batch_free(struct batch *b)
{
	if (!b)
		return;
	ssh_pool_release(&b->ssh);
	curl_multi_cleanup(b->multi);
	loop_free(b->loop);
	arena_release(&b->arena);
	free(b);
}

static int compare_hosts(const void *a, const void *b)
{
	return strcmp(((const struct host *)a)->origin, ((const struct host *)b)->origin);
}

static size_t places_of(const char *origin)
{
	return strncmp(origin, "http", 4) == 0 ? BATCH_WEB_LIMIT : BATCH_HOST_LIMIT;
}

struct host *batch_find_host(struct batch *b, const char *origin)
{
	struct host wanted = { .origin = origin };
	struct host **found = tfind(&wanted, &b->hosts, compare_hosts);

	if (found)
		return *found;

	struct host *h = ARENA_NEW(&b->arena, struct host);

	h->origin = arena_strdup(&b->arena, origin);
	h->places.free = places_of(h->origin);
	if (!tsearch(h, &b->hosts, compare_hosts))
		abort();
	b->host_count++;
	return h;
}

static void conversation_main(void *ctx)
{
	struct conversation *c = ctx;

	c->run(c->ctx, c);
	semaphore_give(&c->host->places);
}

void batch_add(struct batch *b, const char *origin, batch_fn *run, void *ctx)
{
	struct conversation *c = ARENA_NEW(&b->arena, struct conversation);

	*c = (struct conversation){ b, batch_find_host(b, origin), run, ctx };
	loop_add(b->loop, &c->host->places, conversation_main, c);
}

static void batch_keep_node(void *node)
{
	(void)node; /* hosts are allocated in the arena */
}

void batch_run(struct batch *b)
{
	size_t wanted = b->host_count + BATCH_FLEET_LIMIT;
	struct rlimit files = { .rlim_cur = 0 };
	size_t room = OTHER_FILES;

	/* One connection per origin is kept, as far as the descriptor limit allows. */
	getrlimit(RLIMIT_NOFILE, &files);
	if (files.rlim_cur > 4 * OTHER_FILES)
		room = files.rlim_cur - 2 * OTHER_FILES;
	curl_multi_setopt(b->multi, CURLMOPT_MAXCONNECTS, (long)(wanted < room ? wanted : room));
	loop_run(b->loop);
	tdestroy(b->hosts, batch_keep_node);
	b->hosts = NULL;
	b->host_count = 0;
	arena_release(&b->arena);
	b->arena = (struct arena){ 0 };
}
