/* SPDX-License-Identifier: Apache-2.0 */
/* Each secret has one use: a passphrase of backup or state never gives access to a component. */
#include "config/check.h"

#include "base/fs.h"
#include "model/http_spec.h"

#include <string.h>

static bool in_access(const struct fleet *f, const struct http_access *a)
{
	return is_passphrase(f, &a->key) || is_passphrase(f, &a->password);
}

static bool in_request(const struct fleet *f, const struct http_request *r)
{
	for (size_t i = 0; i < r->header_count; i++)
		if (is_passphrase(f, &r->headers[i].secret))
			return true;
	return false;
}

static bool in_http(const struct fleet *f, const struct http *h)
{
	if (is_passphrase(f, &h->pkcs12_password))
		return true;
	for (int verb = 0; verb < DECLARED_COUNT; verb++)
		if (h->requests[verb] && in_request(f, h->requests[verb]))
			return true;
	return false;
}

static bool in_web(const struct fleet *f, const struct web_access *const *list)
{
	for (; list && *list; list++)
		if (is_passphrase(f, &(*list)->key_id) || is_passphrase(f, &(*list)->secret))
			return true;
	return false;
}

static bool in_call(const struct fleet *f, const struct http_call *c)
{
	return c && (in_access(f, &c->access) || in_request(f, &c->request));
}

static void check_access_report(struct loader *ld, const struct node *at)
{
	config_error(ld, at, "a passphrase of the backup or the state has no other use");
}

void check_access_secrets(struct loader *ld, const struct build *b, const struct node *root)
{
	const struct fleet *f = &ld->fleet;
	const struct ssh_access *ssh = &f->access.ssh;
	const struct node *reported = NULL;

	if (is_passphrase(f, &ssh->key) || is_passphrase(f, &ssh->passphrase) ||
	    is_passphrase(f, &f->access.appmon.password) || in_web(f, f->access.webdav) ||
	    in_web(f, f->access.s3))
		check_access_report(ld, node_find(root, "access"));
	for (size_t i = 0; i < ld->fleet.component_count; i++) {
		const struct component *c = &b->components[i];
		const struct deliver *d = &c->deliver;
		const struct handoff *handoff = deliver_handoff(d);
		const struct node *at = b->drafts[i].value;

		if (at == reported)
			continue;
		if (!(d->access && in_access(f, d->access)) &&
		    !(handoff && is_passphrase(f, &handoff->password)) &&
		    !(d->kind == DRIVER_HTTP && in_http(f, d->http)) &&
		    !in_call(f, c->activate.http))
			continue;
		reported = at; /* one message for a group is enough */
		check_access_report(ld, at);
	}
}

/* ---- notifications ---- */

/* Two targets of one name may be told different outcomes, or have other secrets in their URLs. */
static bool tells_twice(const struct notify *a, const struct notify *b)
{
	return a->on & b->on && !strcmp(a->name, b->name) &&
	       secret_ref_equal(&a->secret_path, &b->secret_path);
}

void check_notify(struct loader *ld, const struct node *root)
{
	const struct fleet *f = &ld->fleet;
	const struct node *list = f->notify_count ? node_find(root, "notify") : NULL;

	for (size_t i = 0; i < f->notify_count; i++) {
		const struct notify *one = &f->notify[i];
		const struct node *at = node_value(list->first + i);

		if (in_call(f, one->http) || is_passphrase(f, &one->secret_path))
			check_access_report(ld, at);
		for (size_t k = 0; k < i; k++)
			if (tells_twice(one, &f->notify[k]))
				config_error(
					ld, at,
					"'%s' is told the same outcome twice; give the two another 'on', or leave one out",
					shown(ld, one->name));
	}
}

/* ---- CSV files that are secrets or keys ---- */

static void check_access_add_file(struct lookup *files, const char *path)
{
	if (path)
		lookup_put(files, path, path);
}

static void add_keys(struct loader *ld, const struct build *b, struct lookup *files)
{
	check_access_add_file(files, ld->fleet.access.agent.key);
	for (size_t i = 0; i < ld->fleet.certificate_count; i++) {
		const struct import *import = &ld->fleet.certificates[i].import;

		for (size_t k = 0; k < import->file_count; k++)
			check_access_add_file(files, import->files[k]);
		check_access_add_file(files, ld->fleet.certificates[i].export);
	}
	for (size_t i = 0; i < ld->fleet.component_count; i++) {
		const struct deliver *d = &b->components[i].deliver;
		const struct handoff *handoff = deliver_handoff(d);

		check_access_add_file(files, d->files.key);
		check_access_add_file(files, d->files.combined);
		check_access_add_file(files, handoff ? handoff->file : NULL);
	}
}

void check_inventories(struct loader *ld, const struct build *b)
{
	AUTO(lookup) files = { 0 };

	vec_each (path, &ld->secret_files)
		check_access_add_file(&files, *path);
	add_keys(ld, b, &files);
	vec_each (s, &ld->sources) {
		const char *path = fs_absolute(
			&ld->work, arena_printf(&ld->work, "%s/%s", ld->fleet.directory, s->path));

		if (s->csv && lookup_find(&files, path))
			config_error(ld, s->csv,
				     "a secret or a key is read from '%s': it is not a CSV file",
				     shown(ld, s->csv->text));
	}
}
