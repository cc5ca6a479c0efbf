/* SPDX-License-Identifier: Apache-2.0 */
#include "copies/copy.h"

#include "base/alloc.h"
#include "base/stop.h"
#include "base/text.h"
#include "copies/copy_kind.h"
#include "pki/pair.h"
#include "remote/identity.h"

#include <stdlib.h>
#include <string.h>

static const struct copy_kind_ops *const copy_kinds[COPY_KIND_COUNT] = {
	[COPY_SFTP] = &copy_sftp,
	[COPY_WEBDAV] = &copy_webdav,
	[COPY_S3] = &copy_s3,
	[COPY_COMMAND] = &copy_command,
};

/* The authorities of one login. */
struct web_identity {
	struct web_identity *next;
	const struct web_access *web;
	struct identity *identity;
};

struct copies {
	struct copies_options options;
	struct batch *batch;
	struct web_identity *identities;
};

struct copies *copies_new(const struct copies_options *o)
{
	struct copies *c = xcalloc(1, sizeof(*c));

	c->options = *o;
	return c;
}

void copies_free(struct copies *c)
{
	if (!c)
		return;
	batch_free(c->batch);
	while (c->identities) {
		struct web_identity *next = c->identities->next;

		identity_free(c->identities->identity);
		free(c->identities);
		c->identities = next;
	}
	free(c);
}

bool copy_secret(struct copy_session *s, const struct secret_ref *ref, const struct secret **out,
		 struct err *e)
{
	const struct copies_options *o = s->options;

	if (o->secret(o->ctx, ref, out, e))
		return true;
	if (e->code != ERR_STOPPED)
		e->code = ERR_INPUT;
	return false;
}

bool copy_identity(struct copy_session *s, struct err *e)
{
	const struct web_access *web = s->job->copy->web;
	struct web_identity *known = s->copies->identities;
	AUTO(arena) scratch = { 0 };
	AUTO(secret) ca = { 0 };
	struct cert_set ignored = { 0 };

	if (!web || !web->ca)
		return true;
	while (known && known->web != web)
		known = known->next;
	if (!known) {
		AUTO(identity) identity = NULL;

		if (!pem_file_certs(web->ca, &scratch, &ca, &ignored, e) ||
		    !identity_new(&(struct identity_texts){ .authorities = &ca }, &identity, e))
			return false;
		known = xcalloc(1, sizeof(*known));
		*known = (struct web_identity){ s->copies->identities, web, TAKE(identity) };
		s->copies->identities = known;
	}
	s->identity = known->identity;
	return true;
}

void copy_find_names(const struct copy_session *s, const void *text, size_t len, copy_names *out)
{
	const char *at = text;
	const char *end = at + len;
	size_t prefix = strlen(s->job->name);

	while (at < end) {
		const char *from = at;

		while (at < end && *at &&
		       strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-",
			      *at))
			at++;
		if ((size_t)(at - from) >= prefix && at - from > 4 &&
		    !memcmp(from, s->job->name, prefix) && !memcmp(at - 4, ".zip", 4))
			VEC_PUSH(out, s->job->arena,
				 arena_strndup(s->job->arena, from, (size_t)(at - from)));
		at += at == from;
	}
}

/* ---- the verbs ---- */

static bool compare_bytes(const struct copy_job *j, const struct secret *there, const char *what,
			  struct err *e)
{
	if (there->len == j->bytes->len && !memcmp(there->bytes, buf_text(j->bytes), there->len))
		return true;
	return err_set(e, ERR_REMOTE, "%s", what);
}

static bool put_copy(struct copy_session *s, const struct copy_kind_ops *kind, struct err *e)
{
	AUTO(secret) there = { 0 };
	AUTO(secret) back = { 0 };

	if (kind->get(s, &there, e))
		return compare_bytes(
			s->job, &there,
			"another file of this name is there, and is not overwritten; move it away",
			e);
	if (!err_ignore(e, ERR_MISSING) || !kind->send(s, e))
		return false;
	if (!kind->get(s, &back, e)) {
		if (e->code == ERR_MISSING)
			e->code = ERR_REMOTE;
		return err_in(e, "it is written, but cannot be read back");
	}
	return compare_bytes(s->job, &back,
			     "what is read back is not what was written; remove it there", e);
}

static bool list_copies(struct copy_session *s, const struct copy_kind_ops *kind, struct err *e)
{
	struct copy_job *j = s->job;
	copy_names names = { 0 };

	if (!kind->list(s, &names, e))
		return false;
	j->name_count = text_set(names.items, names.count);
	j->names = names.items;
	return true;
}

static void session_run(struct copy_session *s)
{
	struct copy_job *j = s->job;
	const struct copy_kind_ops *kind = copy_kinds[j->copy->kind];
	struct err e = { 0 };

	switch (j->verb) {
	case COPY_PUT:
		j->done = put_copy(s, kind, &e);
		break;
	case COPY_GET:
		j->done = kind->get(s, &j->got, &e);
		break;
	case COPY_LIST:
		j->done = list_copies(s, kind, &e);
		break;
	}
	if (!j->done)
		j->error = e;
}

static void copies_session_main(void *ctx, struct conversation *c)
{
	struct copy_session *s = ctx;

	s->conversation = c;
	session_run(s);
}

void copies_run(struct copies *c, struct copy_job *jobs, size_t count)
{
	struct copy_session *sessions = xcalloc(count + 1, sizeof(*sessions));
	bool any = false;

	for (size_t i = 0; i < count; i++) {
		struct copy_job *j = &jobs[i];
		struct copy_session *s = &sessions[i];
		const struct copy_kind_ops *kind = copy_kinds[j->copy->kind];

		*s = (struct copy_session){ .copies = c, .options = &c->options, .job = j };
		j->done = false;
		j->error = (struct err){ 0 };
		if (!stop_permits(&j->error) || (kind->prepare && !kind->prepare(s, &j->error)))
			continue;
		if (!j->copy->origin) {
			session_run(s);
			continue;
		}
		if (!c->batch)
			c->batch = batch_new();
		batch_add(c->batch, j->copy->origin, copies_session_main, s);
		any = true;
	}
	if (any)
		batch_run(c->batch);
	for (size_t i = 0; i < count; i++)
		secret_release(&sessions[i].authorization);
	free(sessions);
}
