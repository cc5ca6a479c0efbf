/* SPDX-License-Identifier: Apache-2.0 */
/* The host of an agent that enrols, in a thread of its own. */
#ifndef TESTS_ENROL_HOST_H
#define TESTS_ENROL_HOST_H

#include "agent/enrol_host.h"

#include "base/fs.h"
#include "crypto/token.h"
#include "pki/pair.h"
#include "test.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
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

static inline const char *host_path(struct host *h, const char *name)
{
	return arena_printf(&h->config.arena, "%s/%s", h->folder, name);
}

static inline uint16_t free_port(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(in);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (void *)&in, sizeof(in)), 0);
	assert_int_equal(getsockname(fd, (void *)&in, &len), 0);
	close(fd);
	return ntohs(in.sin_port);
}

static inline void host_init(struct host *h)
{
	snprintf(h->folder, sizeof(h->folder), "/tmp/enrol-test-XXXXXX");
	assert_non_null(mkdtemp(h->folder));
	h->config.listen = h->config.host = "127.0.0.1";
	h->config.port = free_port();
	h->config.certificate = host_path(h, "agent.pem");
	h->config.key = host_path(h, "agent.key");
	h->config.client_ca = host_path(h, "operators.pem");
	h->config.allow_file = host_path(h, "allow");
	h->wait = 60;
	token_make(&h->token);
}

static inline void host_release(struct host *h)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", h->folder);
	assert_int_equal(system(command), 0);
	agent_config_release(&h->config);
	secret_release(&h->token);
}

/* ---- the agent ---- */

static inline void on_ready(void *ctx)
{
	atomic_store(&((struct host *)ctx)->ready, true);
}

static inline void on_tell(void *ctx, const char *text)
{
	struct host *h = ctx;
	size_t used = strlen(h->told);

	snprintf(h->told + used, sizeof(h->told) - used, "%s\n", text);
}

static inline void *enrol(void *ctx)
{
	struct host *h = ctx;
	const struct agent_enrolment how = {
		.config = &h->config,
		.token = &h->token,
		.wait = h->wait,
		.ready = on_ready,
		.tell = on_tell,
		.ctx = h,
	};

	h->enrolled = agent_enrol(&how, &h->error);
	atomic_store(&h->ready, true);
	return NULL;
}

static inline void host_start(struct host *h)
{
	atomic_store(&h->ready, false);
	assert_int_equal(pthread_create(&h->thread, NULL, enrol, h), 0);
	for (int i = 0; i < PATIENCE_MS / 10 && !atomic_load(&h->ready); i++)
		usleep(10000);
	assert_true(atomic_load(&h->ready));
}

static inline void host_end(struct host *h)
{
	pthread_join(h->thread, NULL);
}

static inline bool host_has(struct host *h, const char *name)
{
	struct stat st;

	return !lstat(host_path(h, name), &st);
}

static inline void assert_nothing_is_left(struct host *h)
{
	assert_false(host_has(h, "agent.key"));
	assert_false(host_has(h, "agent.pem"));
	assert_false(host_has(h, "agent.key.enrolling"));
}

static inline const char *host_text(struct host *h, const char *name)
{
	AUTO(buf) text = { 0 };
	struct err e = { 0 };

	assert_true(fs_read(host_path(h, name), INPUT_FILE_LIMIT, &text, &e));
	return arena_strdup(&h->config.arena, buf_text(&text));
}

static inline void host_put(struct host *h, const char *name, const char *text)
{
	struct err e = { 0 };

	assert_true(fs_replace(host_path(h, name), text, strlen(text), FS_PRIVATE, &e));
}

#endif
