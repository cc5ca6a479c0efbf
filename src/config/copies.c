/* SPDX-License-Identifier: Apache-2.0 */
#include "config/copies.h"

#include "base/text.h"
#include "config/check.h"
#include "config/delivery.h"
#include "config/forms.h"
#include "config/url.h"
#include "config/values.h"
#include "config/writer.h"
#include "model/fleet.h"

#include <string.h>

enum {
	SSH_PORT = 22,
	BUCKET_LEAST = 3, /* length of a name */
	BUCKET_MOST = 63,
};

static const char *without_slashes(struct arena *a, const char *path)
{
	size_t len = strlen(path);

	while (len && path[len - 1] == '/')
		len--;
	return arena_strndup(a, path, len);
}

#define PLAIN "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~-"

/* "/a/b" of these characters: names that need no quoting in a URL or a message. */
static bool is_path_of(const char *path, const char *characters)
{
	for (const char *at = path; *at; at += strcspn(at, "/")) {
		size_t len = strcspn(++at, "/");

		if (!len || (*at == '.' && (len == 1 || (len == 2 && at[1] == '.'))) ||
		    strspn(at, characters) < len)
			return false;
	}
	return true;
}

/* ---- one copy, by the scheme of its URL ---- */

static bool read_copy_sftp(struct loader *ld, const struct field *f, const struct node *n,
			   struct backup_copy *out)
{
	struct arena *a = &ld->fleet.arena;
	size_t scheme = strlen("sftp://");
	size_t len = scheme + strcspn(n->text + scheme, "/");
	const char *url = arena_strndup(a, n->text, len);
	const char *host = NULL;

	if (!sftp_check_password(ld, f, n, url))
		return false;
	out->path = without_slashes(a, n->text + len);
	if (!sftp_parse_url(a, url, &out->sftp) || !*out->path ||
	    !is_path_of(out->path, PLAIN "@+=,"))
		return config_error(
			ld, n,
			"'%s' must be sftp://USER@HOST[:PORT]/DIR, with an absolute path of plain characters, not '%s'",
			f->key, shown(ld, n->text));
	out->kind = COPY_SFTP;
	out->origin = out->sftp.origin;
	host = out->origin + scheme;
	len = strlen(host) - (out->sftp.port == SSH_PORT ? strlen(":22") : 0);
	out->name = arena_printf(a, "sftp://%s@%.*s%s", out->sftp.user, (int)len, host, out->path);
	return true;
}

static bool read_copy_webdav(struct loader *ld, const struct field *f, const struct node *n,
			     struct backup_copy *out)
{
	out->kind = COPY_WEBDAV;
	if (!value_place(ld, f, n, &out->origin, &out->path))
		return false;
	out->name = arena_printf(&ld->fleet.arena, "%s%s", out->origin, out->path);
	return true;
}

static bool is_bucket(const char *name, size_t len)
{
	return len >= BUCKET_LEAST && len <= BUCKET_MOST && *name != '.' && *name != '-' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789.-") >= len;
}

static bool read_copy_s3(struct loader *ld, const struct field *f, const struct node *n,
			 struct backup_copy *out)
{
	struct arena *a = &ld->fleet.arena;
	const char *place = without_slashes(a, n->text + strlen("s3://"));
	size_t bucket = strcspn(place, "/");

	out->kind = COPY_S3;
	out->path = arena_printf(a, "/%s", place);
	out->name = arena_printf(a, "s3://%s", place);
	return (is_bucket(place, bucket) && is_path_of(out->path, PLAIN)) ||
	       config_error(
		       ld, n,
		       "'%s' must be s3://BUCKET or s3://BUCKET/PREFIX, of plain characters, not '%s'; the host is said by 'endpoint' of 'access: {s3: ...}'",
		       f->key, shown(ld, n->text));
}

static bool read_copy_command(struct loader *ld, const struct field *f, const struct node *n,
			      struct backup_copy *out)
{
	struct copy_form form;
	AUTO(buf) name = { 0 };

	if (!record_read(ld, f->param, n, &form))
		return false;
	buf_puts(&name, "command ");
	text_shell_words(&name, form.command);
	*out = (struct backup_copy){ .kind = COPY_COMMAND,
				     .name = arena_strdup(&ld->fleet.arena, buf_text(&name)),
				     .argv = form.command };
	return true;
}

static const struct {
	const char *scheme;
	bool (*read)(struct loader *ld, const struct field *f, const struct node *n,
		     struct backup_copy *out);
} copy_schemes[] = {
	{ "sftp://", read_copy_sftp },
	{ "https://", read_copy_webdav },
	{ "http://", read_copy_webdav }, /* of this machine */
	{ "s3://", read_copy_s3 },
};

static bool read_copy(struct loader *ld, const struct field *f, const struct node *n, void *slot)
{
	if (n->kind == NODE_MAPPING)
		return read_copy_command(ld, f, n, slot);
	if (n->kind != NODE_TEXT)
		return wrong_kind(ld, f, n, "a URL, or {command: [...]}");
	if (!value_raw(ld, f, n))
		return false;
	for (size_t i = 0; i < sizeof(copy_schemes) / sizeof(*copy_schemes); i++)
		if (!strncmp(n->text, copy_schemes[i].scheme, strlen(copy_schemes[i].scheme)))
			return copy_schemes[i].read(ld, f, n, slot);
	return config_error(
		ld, n,
		"'%s' cannot be '%s': a copy is sftp://USER@HOST/DIR, https://HOST/DIR (WebDAV), s3://BUCKET/PREFIX or {command: [...]}",
		f->key, shown(ld, n->text));
}

/* ---- logins ---- */

static bool read_web_place(struct loader *ld, const struct field *f, const struct node *n,
			   void *slot)
{
	const char *origin = NULL;
	const char *path = NULL;

	if (!value_place(ld, f, n, &origin, &path))
		return false;
	*(const char **)slot = arena_printf(&ld->fleet.arena, "%s%s", origin, path);
	return true;
}

/* The row of the URL has both in `origin`. */
bool web_access_check(struct loader *ld, const struct node *n, void *out)
{
	struct web_access *a = out;
	size_t host = strlen("https://");

	host += strcspn(a->origin + host, "/");
	a->path = arena_strdup(&ld->fleet.arena, a->origin + host);
	a->origin = arena_strndup(&ld->fleet.arena, a->origin, host);
	if (a->region && a->region[strspn(a->region, "abcdefghijklmnopqrstuvwxyz0123456789-")])
		return config_error(ld, node_find(n, "region"),
				    "'region' cannot be '%s': it has only a-z 0-9 -, as us-east-1",
				    shown(ld, a->region));
	return !a->user || !strchr(a->user, ':') ||
	       config_error(ld, node_find(n, "user"), "'user' cannot hold a colon");
}

static bool read_web_list(struct loader *ld, const struct field *f, const struct node *n,
			  void *slot)
{
	return ended_list_type.read(ld, f, n, slot);
}

static void write_web_access(struct writer *w, const struct field *f, const void *slot)
{
	const struct list_of *of = f->param;
	const struct web_access *const *list = *(const struct web_access *const *const *)slot;

	for (; list && *list; list++) {
		write_rows(w, of->item->param, *list);
		put_text(w, "path", *(*list)->path ? (*list)->path : NULL);
	}
}

const struct field_type copy_type = { read_copy, SHAPE_TEXT_OR_RECORD, NULL,
				      .words = "URL or command" };
const struct field_type web_place_type = { read_web_place, SHAPE_TEXT, "^https?://",
					   .words = "URL" };
const struct field_type web_list_type = { read_web_list, SHAPE_ONE_OR_LIST, NULL,
					  .write = write_web_access };

/* ---- rules across the file ---- */

/* Length of the path that the login is for, when it is for this one; -1: it is not. */
static int reach_of(const struct web_access *a, const char *path)
{
	size_t len = strlen(a->path);

	return !strncmp(a->path, path, len) && (!path[len] || path[len] == '/') ? (int)len : -1;
}

/* The login with the longest path; `other`: one that is as long. */
static const struct web_access *copy_login_for(const struct web_access *const *list,
					       const struct backup_copy *c,
					       const struct web_access **other)
{
	const struct web_access *found = NULL;
	int longest = -1;

	*other = NULL;
	for (; list && *list; list++) {
		int reach = reach_of(*list, c->path);

		if (reach < 0 || reach < longest ||
		    (c->origin && strcmp((*list)->origin, c->origin) != 0))
			continue;
		*other = reach == longest ? found : NULL;
		longest = reach;
		found = *list;
	}
	return found;
}

static bool check_copy_login(struct loader *ld, struct backup_copy *c, const struct node *at)
{
	const struct fleet_access *access = &ld->fleet.access;
	const struct web_access *other = NULL;

	if (c->kind == COPY_SFTP && access->ssh.key.kind == SECRET_NONE)
		return config_error(
			ld, at,
			"the copy is reached over SSH, but there is no 'access: {ssh: {key: ...}}', which names certfleet's own key");
	if (c->kind == COPY_SFTP && !access->ssh.known_hosts)
		return config_error(
			ld, at,
			"the key of this host is unknown: give 'known_hosts' in 'access: {ssh: ...}'");
	if (c->kind != COPY_WEBDAV && c->kind != COPY_S3)
		return true;
	c->web = copy_login_for(c->kind == COPY_S3 ? access->s3 : access->webdav, c, &other);
	if (c->kind == COPY_S3 && !c->web)
		return config_error(
			ld, at,
			"no login is for '%s': add 'access: {s3: [{endpoint, region, key_id, secret}]}'",
			shown(ld, c->name));
	if (other)
		return config_error(
			ld, at,
			"two logins are for '%s': '%s%s' and '%s%s'; give the longer path to the one that is meant",
			shown(ld, c->name), other->origin, other->path, c->web->origin,
			c->web->path);
	if (c->kind == COPY_S3)
		c->origin = c->web->origin;
	return true;
}

void check_copies(struct loader *ld, const struct node *root)
{
	const struct backup_policy *policy = &ld->fleet.backup;
	struct backup_copy *copies = (struct backup_copy *)policy->copies;
	const struct node *backup = node_find(root, "backup");
	const struct node *list = policy->copy_count ? node_find(backup, "copies") : NULL;

	for (size_t i = 0; i < policy->copy_count; i++) {
		const struct node *n = list->kind == NODE_LIST ? node_value(list->first + i) : list;

		for (size_t k = 0; k < i; k++)
			if (!strcmp(copies[k].name, copies[i].name))
				config_error(ld, n, "the same copy twice");
		check_copy_login(ld, &copies[i], n);
	}
}
