/* SPDX-License-Identifier: Apache-2.0 */
/* retire: forgets components that left the fleet file. */
#include "drivers/driver.h"
#include "engine/internal.h"
#include "engine/retire_http.h"

#include <jansson.h>
#include <string.h>

static void step_retire_write(json_t *object, const char *key, const char *text)
{
	if (text)
		json_object_set_new(object, key, json_string(text));
}

/* One row for each text of struct install. */
static const struct install_text {
	const char *key;
	size_t offset;
} install_texts[] = {
	{ "directory", offsetof(struct install, directory) },
	{ "certificate", offsetof(struct install, certificate) },
	{ "key", offsetof(struct install, key) },
	{ "leaf", offsetof(struct install, leaf) },
	{ "chain", offsetof(struct install, chain) },
	{ "ca", offsetof(struct install, ca) },
	{ "combined", offsetof(struct install, combined) },
};
enum {
	INSTALL_TEXTS = sizeof(install_texts) / sizeof(*install_texts)
};

static json_t *sftp_to_json(const struct sftp *s)
{
	return json_pack("{ss ss ss si ss*}", "origin", s->origin, "user", s->user, "host", s->host,
			 "port", (int)s->port, "host_key", s->host_key);
}

const char *deliver_to_text(const struct deliver *d, struct arena *a)
{
	json_t *files = json_object();
	const char *base = (const char *)&d->files;

	for (size_t i = 0; i < INSTALL_TEXTS; i++)
		step_retire_write(files, install_texts[i].key,
				  *(const char *const *)(base + install_texts[i].offset));
	json_object_set_new(files, "unsafe_directory", json_boolean(d->files.unsafe_directory));

	json_t *whole = json_pack("{so}", "files", files);

	if (d->kind == DRIVER_HAPROXY)
		json_object_set_new(whole, "haproxy",
				    json_pack("{ss}", "socket", d->haproxy.socket));
	if (d->kind == DRIVER_SFTP)
		json_object_set_new(whole, "sftp", sftp_to_json(&d->sftp));
	deliver_http_put(d, whole);

	char *text = json_dumps(whole, JSON_COMPACT | JSON_SORT_KEYS);
	const char *copy = arena_strdup(a, text);

	free(text);
	json_decref(whole);
	return copy;
}

static void take_haproxy(const json_t *haproxy, struct arena *a, struct deliver *out)
{
	const char *socket = json_string_value(json_object_get(haproxy, "socket"));

	if (!socket)
		return;
	out->kind = DRIVER_HAPROXY;
	out->haproxy.socket = arena_strdup(a, socket);
}

/* Never taken for paths of this machine. */
static bool take_sftp(json_t *sftp, struct arena *a, struct deliver *out)
{
	const char *origin = NULL;
	const char *user = NULL;
	const char *host = NULL;
	const char *host_key = NULL;
	int port = 0;

	if (!sftp)
		return true;
	if (json_unpack(sftp, "{ss ss ss si s?s}", "origin", &origin, "user", &user, "host", &host,
			"port", &port, "host_key", &host_key))
		return false;
	out->kind = DRIVER_SFTP;
	out->sftp = (struct sftp){
		.origin = arena_strdup(a, origin),
		.user = arena_strdup(a, user),
		.host = arena_strdup(a, host),
		.port = (uint16_t)port,
		.host_key = host_key ? arena_strdup(a, host_key) : NULL,
	};
	return true;
}

static void step_retire_take_files(const json_t *files, struct arena *a, struct install *out)
{
	for (size_t i = 0; i < INSTALL_TEXTS; i++) {
		const char *value = json_string_value(json_object_get(files, install_texts[i].key));

		if (value)
			*(const char **)((char *)out + install_texts[i].offset) =
				arena_strdup(a, value);
	}
	out->unsafe_directory = json_is_true(json_object_get(files, "unsafe_directory"));
}

bool deliver_from_text(const char *text, struct arena *a, struct deliver *out, struct err *e)
{
	json_t *whole = json_loads(text, 0, NULL);
	const json_t *files = json_object_get(whole, "files");
	bool good = json_is_object(files);

	*out = (struct deliver){ .kind = DRIVER_FILES };
	if (good) {
		step_retire_take_files(files, a, &out->files);
		take_haproxy(json_object_get(whole, "haproxy"), a, out);
		good = take_sftp(json_object_get(whole, "sftp"), a, out) &&
		       deliver_http_take(whole, a, out);
	}
	json_decref(whole);
	return good || err_set(e, ERR_IO, "the state does not say how it was reached");
}

static bool remove_files(struct run *r, const struct component_seen *seen, struct err *e)
{
	struct arena *a = &r->en->arena; /* secrets may be remembered by it */
	struct component gone = { .name = seen->name, .process = seen->name };
	struct job job = { .verb = DRIVER_REMOVE,
			   .component = &gone,
			   .fingerprint = seen->installed,
			   .arena = a };

	if (!seen->retire_remove || !seen->deliver)
		return true;
	if (!deliver_from_text(seen->deliver, a, &gone.deliver, e))
		return false;
	drivers_run(r->en->drivers, &job, 1);
	if (!job.done)
		*e = job.error;
	return job.done;
}

void step_retire(struct run *r, struct step_batch *b)
{
	AUTO(change) change = change_new(r->en->state);

	for (size_t i = 0; i < b->count; i++) {
		const char *name = batch_step(r, b, i)->component;
		const struct component_seen *seen = run_seen(r, name);

		/* Some may be gone although the rest cannot be removed. */
		r->deed[b->numbers[i]] = seen->retire_remove;
		if (remove_files(r, seen, &b->errors[i]))
			change_forget_component(change, name);
		else
			err_in(&b->errors[i], "cannot remove the files of '%s'", name);
	}
	batch_record(r, b, change);
}
