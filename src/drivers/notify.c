/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notifications: what a notice says, to a program of this machine or in a request.
 *
 * The program runs in the directory of the fleet file, reads the summary from its
 * standard input, and has in its environment
 *
 *	CERTFLEET_FLEET     the fleet's name
 *	CERTFLEET_RUN       number of the run; empty without one
 *	CERTFLEET_OUTCOME   changed, failed or awaiting
 *
 * Status 0 is success; else the last line of its stderr is the cause.
 */
#include "drivers/driver_table.h"

#include "base/child.h"
#include "base/redact.h"
#include "base/stop.h"
#include "drivers/http_render.h"

#include <string.h>

enum {
	AFTER_STOP_MS = 5000, /* for each: whoever stops us does not wait for long */
};

/* A further stop is of somebody who is there. */
static bool notify_may_begin(struct err *e)
{
	return !stop_insisted() ||
	       err_set(e, ERR_STOPPED, "not done: certfleet was told to stop twice");
}

static int64_t notify_patience(const struct job *j)
{
	int64_t most = j->target->timeout * 1000;

	return j->stopped && most > AFTER_STOP_MS ? AFTER_STOP_MS : most;
}

static bool notify_command(struct job *j, struct err *e)
{
	const struct notice *n = j->notice;
	const char *const env[] = { arena_printf(j->arena, "CERTFLEET_FLEET=%s", n->fleet),
				    arena_printf(j->arena, "CERTFLEET_RUN=%s", n->run),
				    arena_printf(j->arena, "CERTFLEET_OUTCOME=%s", n->outcome),
				    NULL };
	AUTO(buf) input = { 0 };
	AUTO(buf) complaint = { 0 };
	const struct child c = { .argv = j->target->argv,
				 .extra_env = env,
				 .directory = j->directory,
				 .timeout_ms = notify_patience(j),
				 .input = &input,
				 .complaint = &complaint };
	const char *cause = NULL;

	if (!notify_may_begin(e))
		return false;
	buf_puts(&input, n->summary);
	buf_putc(&input, '\n');
	if (child_run(&c, NULL, e))
		return true;
	cause = redact_last_line(buf_text(&complaint), complaint.len, j->arena);
	wipe(complaint.data, complaint.len);
	if (e->code == ERR_REMOTE && *cause)
		err_set(e, e->code, "%s: %s", arena_strdup(j->arena, e->text), cause);
	return false;
}

/* The rest of the path, which is no part of any message. */
static bool add_secret_path(const struct driver_session *v, struct secret *path, struct err *e)
{
	const struct secret_ref *ref = &v->job->target->secret_path;
	const struct secret *rest = NULL;

	if (ref->kind == SECRET_NONE)
		return true;
	if (!driver_secret(v, ref, &rest, e))
		return err_in(e, "'secret_path'");
	for (size_t i = 0; i < rest->len; i++)
		if (rest->bytes[i] <= ' ' || rest->bytes[i] > '~' || rest->bytes[i] == '#')
			return err_set(
				e, ERR_INPUT,
				"the secret of 'secret_path' has a blank or another character that no URL has");
	secret_add(path, rest->bytes, rest->len);
	return true;
}

static bool notify_http(struct driver_session *v, struct err *e)
{
	const struct http_call *call = v->job->target->http;
	AUTO(http_words) words = { 0 };
	AUTO(secret) path = { 0 };
	AUTO(exchange) x = { 0 };

	if (!notify_may_begin(e) || !http_render(&words, v, &call->request, &call->access, &x, e))
		return false;
	secret_copy(&path, x.path, strlen(x.path));
	if (!add_secret_path(v, &path, e))
		return false;
	x.path = (const char *)path.bytes;
	x.timeout_ms = notify_patience(v->job);
	return driver_request(v, &x, e) && http_expected(v, &x, &call->request, e);
}

const struct driver notify_command_driver = { .calls = { [DRIVER_NOTIFY] = notify_command } };
const struct driver notify_http_driver = { .sessions = { [DRIVER_NOTIFY] = notify_http } };
