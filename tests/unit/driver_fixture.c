/* SPDX-License-Identifier: Apache-2.0 */
#include "driver_fixture.h"

static const struct role any_role = { .name = "", .restart.timeout = 60 };

/* Of a component as the fleet file would have it: each has a role. */
struct job job_of(const struct component *c, enum driver_verb verb, const struct pair *p)
{
	struct component *whole = ARENA_NEW(&test_arena, struct component);

	*whole = *c;
	if (!whole->role)
		whole->role = &any_role;
	return (struct job){ .verb = verb,
			     .component = whole,
			     .fingerprint = p ? p->facts.fingerprint : "",
			     .set = p ? &p->set : NULL,
			     .key = p ? &p->key : NULL,
			     .arena = &test_arena };
}

struct drivers *drivers;

/* A reference's name is its secret, but for "missing". */
static bool tell_secret(void *ctx, const struct secret_ref *ref, const struct secret **out,
			struct err *e)
{
	static struct secret told[8];
	static size_t count;

	(void)ctx;
	if (!strcmp(ref->name, "missing"))
		return err_set(e, ERR_INPUT, "it is not there");
	for (size_t i = 0; i < count; i++)
		if (!strcmp((char *)told[i].bytes, ref->name)) {
			*out = &told[i];
			return true;
		}
	assert_true(count < sizeof(told) / sizeof(*told));
	secret_copy(&told[count], ref->name, strlen(ref->name));
	*out = &told[count++];
	return true;
}

int open_drivers(void **state)
{
	drivers = drivers_new(&(const struct drivers_options){ .secret = tell_secret });
	return make_pairs(state);
}

int close_drivers(void **state)
{
	drivers_free(drivers);
	return drop_pairs(state);
}

struct server *answers(struct server like)
{
	return server_new(like, NULL);
}

const char *reply(const char *status, const char *body)
{
	static struct arena kept;

	return arena_printf(&kept,
			    "HTTP/1.1 %s\r\nETag: \"/x 1\"\r\n"
			    "Content-Length: %zu\r\n\r\n%s",
			    status, strlen(body), body);
}

const char *dumped(json_t *json)
{
	char *text = json_dumps(json, JSON_COMPACT);
	const char *copy = arena_strdup(&test_arena, text);

	free(text);
	json_decref(json);
	return copy;
}

const char *certs_pem(const struct pair *p)
{
	AUTO(buf) pem = { 0 };

	pem_add_certs(&pem, p->set.certs, p->set.count);
	return arena_strdup(&test_arena, buf_text(&pem));
}

const char *leaf_pem(const struct pair *p)
{
	AUTO(buf) pem = { 0 };

	pem_add_certs(&pem, p->set.certs, 1);
	return arena_strdup(&test_arena, buf_text(&pem));
}

const char *key_pem(const struct pair *p)
{
	AUTO(secret) pem = { 0 };

	pem_add_key(&pem, &p->key);
	return arena_strdup(&test_arena, (char *)pem.bytes);
}

const char *in_json(const char *text)
{
	const char *quoted = dumped(json_pack("[s]", text));

	return arena_strndup(&test_arena, quoted + 2, strlen(quoted) - 4);
}

struct job run(const struct component *c, enum driver_verb verb, const struct pair *p)
{
	struct job job = job_of(c, verb, p);

	drivers_run(drivers, &job, 1);
	return job;
}

struct job commit_over(const struct component *c, const struct pair *p, const struct pair *replaces)
{
	struct job job = job_of(c, DRIVER_COMMIT, p);

	job.replaces = replaces ? replaces->facts.fingerprint : "";
	drivers_run(drivers, &job, 1);
	return job;
}

void assert_done(const struct job *job)
{
	if (!job->done)
		fail_msg("%s", job->error.text);
}

void assert_failed(const struct job *job, enum err_code code, const char *words)
{
	assert_false(job->done);
	if (!strstr(job->error.text, words))
		fail_msg("no '%s' in: %s", words, job->error.text);
	assert_int_equal(job->error.code, code);
}

void assert_asked(const char *requests, const char *words)
{
	if (!strstr(requests, words))
		fail_msg("no '%s' in:\n%s", words, requests);
}
