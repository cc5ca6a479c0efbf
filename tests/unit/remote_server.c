/* SPDX-License-Identifier: Apache-2.0 */
#include "remote_server.h"

struct server_connection {
	struct server *server;
	int fd;
};

static const char *server_answer(struct server *s)
{
	int number = atomic_fetch_add(&s->requests, 1);
	const char *answer = s->answers[0];

	for (int i = 0; i < SERVER_ANSWERS && i <= number && s->answers[i]; i++)
		answer = s->answers[i];
	return answer;
}

static bool server_is_complete(const struct server *s, const char *text)
{
	const char *body = strstr(text, "\r\n\r\n");
	const char *length = strstr(text, "Content-Length: ");

	if (s->lines)
		return strchr(text, '\n') != NULL;
	if (!body || !length || length > body)
		return body != NULL;
	return strlen(body + 4) >= strtoul(length + 16, NULL, 10);
}

/* Connections of one server note what they are asked. */
static pthread_mutex_t noting = PTHREAD_MUTEX_INITIALIZER;

static void server_reply(struct server *s, int fd, const char *request)
{
	int busy = atomic_fetch_add(&s->busy, 1) + 1;
	int most = atomic_load(&s->most_busy);
	const char *answer = server_answer(s);

	while (busy > most && !atomic_compare_exchange_weak(&s->most_busy, &most, busy))
		continue;
	pthread_mutex_lock(&noting);
	snprintf(s->last, sizeof(s->last), "%s", request);
	if (strlen(s->all) + strlen(request) < sizeof(s->all))
		strcat(s->all, request);
	pthread_mutex_unlock(&noting);
	if (s->gate)
		atomic_fetch_add(&s->gate->asked, 1);
	while (s->gate && atomic_load(&s->gate->asked) < s->gate->needed)
		clock_sleep_ms(5);
	if (s->delay_ms)
		clock_sleep_ms(s->delay_ms);
	atomic_fetch_sub(&s->busy, 1);
	if (send(fd, answer, strlen(answer), MSG_NOSIGNAL) < 0)
		return;
}

static void *server_talk(void *ctx)
{
	struct server_connection c = *(struct server_connection *)ctx;
	char text[SERVER_ROOM] = "";
	size_t len = 0;
	ssize_t got = 0;

	free(ctx);
	while (len < sizeof(text) - 1 &&
	       (got = read(c.fd, text + len, sizeof(text) - 1 - len)) > 0) {
		len += (size_t)got;
		text[len] = '\0';
		if (!server_is_complete(c.server, text) || c.server->is_silent)
			continue;
		server_reply(c.server, c.fd, text);
		len = 0;
		if (c.server->lines || c.server->closes)
			break;
	}
	close(c.fd);
	return NULL;
}

static void *server_accept(void *ctx)
{
	struct server *s = ctx;
	int fd = -1;

	while ((fd = accept(s->fd, NULL, NULL)) >= 0) {
		struct server_connection *c = malloc(sizeof(*c));
		pthread_t thread;

		assert_non_null(c);
		*c = (struct server_connection){ s, fd };
		atomic_fetch_add(&s->connections, 1);
		assert_int_equal(pthread_create(&thread, NULL, server_talk, c), 0);
		pthread_detach(thread);
	}
	return NULL;
}

/* `path`: of a unix socket; NULL: a free loopback port. */
static void server_start(struct server *s, const char *path)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(in);
	pthread_t thread;

	s->fd = socket(path ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(s->fd >= 0);
	if (path) {
		snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
		snprintf(s->origin, sizeof(s->origin), "%s", path);
		unlink(path);
		assert_int_equal(bind(s->fd, (void *)&un, sizeof(un)), 0);
	} else {
		assert_int_equal(bind(s->fd, (void *)&in, sizeof(in)), 0);
		assert_int_equal(getsockname(s->fd, (void *)&in, &len), 0);
		snprintf(s->origin, sizeof(s->origin), "%s://127.0.0.1:%u",
			 s->lines ? "tcp" : "http", ntohs(in.sin_port));
	}
	assert_int_equal(listen(s->fd, 64), 0);
	assert_int_equal(pthread_create(&thread, NULL, server_accept, s), 0);
	pthread_detach(thread);
}

struct server *server_new(struct server like, const char *path)
{
	static struct server *all;
	struct server *s = malloc(sizeof(*s));

	assert_non_null(s);
	memset(s, 0, sizeof(*s));
	s->lines = like.lines;
	s->closes = like.closes;
	s->delay_ms = like.delay_ms;
	s->is_silent = like.is_silent;
	s->gate = like.gate;
	memcpy(s->answers, like.answers, sizeof(s->answers));
	s->next = all;
	all = s;
	server_start(s, path);
	return s;
}

void server_stop(struct server *s)
{
	shutdown(s->fd, SHUT_RDWR);
	close(s->fd);
}
