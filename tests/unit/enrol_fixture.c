/* SPDX-License-Identifier: Apache-2.0 */
#include "enrol_fixture.h"

const char *host_path(struct host *h, const char *name)
{
	return arena_printf(&h->config.arena, "%s/%s", h->folder, name);
}

void host_init(struct host *h)
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

void host_release(struct host *h)
{
	folder_remove(h->folder);
	agent_config_release(&h->config);
	secret_release(&h->token);
}

static void on_ready(void *ctx)
{
	atomic_store(&((struct host *)ctx)->ready, true);
}

static void on_tell(void *ctx, const char *text)
{
	struct host *h = ctx;
	size_t used = strlen(h->told);

	snprintf(h->told + used, sizeof(h->told) - used, "%s\n", text);
}

static void *enrol(void *ctx)
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

void host_start(struct host *h)
{
	atomic_store(&h->ready, false);
	assert_int_equal(pthread_create(&h->thread, NULL, enrol, h), 0);
	for (int i = 0; i < PATIENCE_MS / 10 && !atomic_load(&h->ready); i++)
		usleep(10000);
	assert_true(atomic_load(&h->ready));
}

void host_end(struct host *h)
{
	pthread_join(h->thread, NULL);
}

bool host_has(struct host *h, const char *name)
{
	struct stat st;

	return !lstat(host_path(h, name), &st);
}

void assert_nothing_is_left(struct host *h)
{
	assert_false(host_has(h, "agent.key"));
	assert_false(host_has(h, "agent.pem"));
	assert_false(host_has(h, "agent.key.enrolling"));
}

const char *host_text(struct host *h, const char *name)
{
	AUTO(buf) text = { 0 };
	struct err e = { 0 };

	assert_true(fs_read(host_path(h, name), INPUT_FILE_LIMIT, &text, &e));
	return arena_strdup(&h->config.arena, buf_text(&text));
}

void host_put(struct host *h, const char *name, const char *text)
{
	struct err e = { 0 };

	assert_true(fs_replace(host_path(h, name), text, strlen(text), FS_PRIVATE, &e));
}
