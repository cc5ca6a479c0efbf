/* SPDX-License-Identifier: Apache-2.0 */
#include "config/url.h"

#include "config/delivery.h"
#include "config/http_text.h"
#include "config/netname.h"
#include "config/values.h"
#include "config/writer.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	HTTP_PORT = 80,
	HTTPS_PORT = 443
};

/* A URL as written, split before and after its host. */
struct written {
	bool tls;
	const char *authority;
	const char *rest; /* from "/", "?" or "#" on; may be "" */
	const char *host; /* NULL: unknown, in a sample */
};

bool host_is_local(const char *host)
{
	struct in_addr v4;

	if (inet_pton(AF_INET, host, &v4) == 1)
		return ntohl(v4.s_addr) >> 24 == IN_LOOPBACKNET;
	return !strcmp(host, "localhost") || !strcmp(host, "::1");
}

/* The length up to the end of the host; a slash inside a placeholder does not end it. */
static size_t authority_len(const char *text)
{
	size_t len = 0;

	while (text[len] && !strchr("/?#", text[len])) {
		if (!strncmp(text + len, "${", 2))
			len += strcspn(text + len, "}");
		len += text[len] != '\0';
	}
	return len;
}

static bool cut(struct loader *ld, const char *text, struct written *out)
{
	bool tls = !strncasecmp(text, "https://", 8);

	if (!tls && strncasecmp(text, "http://", 7) != 0)
		return false;
	text += tls ? 8 : 7;

	size_t len = authority_len(text);

	*out = (struct written){ .tls = tls,
				 .authority = arena_strndup(&ld->work, text, len),
				 .rest = text + len };
	return true;
}

static bool expand_host(struct loader *ld, const struct node *n, const char *text, const char **out)
{
	const struct expansion x = { ld, n, text, GRAMMAR_AUTHORITY };
	AUTO(buf) host = { .limit = EXPANDED_LIMIT };

	while (*text)
		if (!placeholder_next(&x, &text, &host))
			return false;
	*out = arena_strdup(&ld->work, buf_text(&host));
	return true;
}

static bool has_port(const char *authority)
{
	const char *colon = strrchr(authority, ':');

	return colon && !strchr(colon, ']');
}

static const char *url_lower_case(struct arena *a, const char *text)
{
	char *copy = arena_strdup(a, text);

	for (char *at = copy; *at; at++)
		*at = (char)tolower((unsigned char)*at);
	return copy;
}

/* The canonical "https://HOST[:PORT]"; NULL: invalid host. */
static const char *make_origin(struct loader *ld, bool tls, const char *authority,
			       const char **host)
{
	uint16_t usual = tls ? HTTPS_PORT : HTTP_PORT;
	uint16_t port = 0;
	const char *text = has_port(authority) ? authority
					       : arena_printf(&ld->work, "%s:%u", authority, usual);

	if (!host_port_parse(&ld->work, text, host, &port))
		return NULL;
	*host = url_lower_case(&ld->work, *host);

	bool brackets = strchr(*host, ':') != NULL;
	const char *origin = arena_printf(&ld->fleet.arena, "%s://%s%s%s", tls ? "https" : "http",
					  brackets ? "[" : "", *host, brackets ? "]" : "");

	return port == usual ? origin : arena_printf(&ld->fleet.arena, "%s:%u", origin, port);
}

static bool not_a_url(struct loader *ld, const struct field *f, const struct node *n)
{
	return config_error(ld, n,
			    "'%s' must begin with https://HOST or https://HOST:PORT, not be '%s'",
			    f->key, shown(ld, n->text));
}

static bool read_origin(struct loader *ld, const struct field *f, const struct node *n,
			struct written *w, const char **out)
{
	const char *expanded = NULL;

	if (!value_raw(ld, f, n))
		return false;
	if (!cut(ld, n->text, w))
		return not_a_url(ld, f, n);
	if (!expand_host(ld, n, w->authority, &expanded))
		return false;
	*out = make_origin(ld, w->tls, expanded, &w->host);
	if (*out)
		return true;
	*out = "https://sample";
	return placeholder_excuses(ld, n) || not_a_url(ld, f, n);
}

static bool url_is_local(const struct written *w)
{
	return !w->host || host_is_local(w->host);
}

static bool check_safe(struct loader *ld, const struct field *f, const struct node *n,
		       const struct written *w)
{
	return w->tls || url_is_local(w) ||
	       config_error(ld, n,
			    "'%s' must begin with https://, because '%s' is not on this machine",
			    f->key, as_written(ld, n, w->host));
}

/* ---- path and query ---- */

static bool is_hex_pair(const char *text)
{
	return isxdigit((unsigned char)text[0]) && isxdigit((unsigned char)text[1]);
}

/* The characters of a path and a query in RFC 3986. */
static bool is_url_text(const char *text)
{
	for (; *text; text++) {
		if (*text == '%' && !is_hex_pair(text + 1))
			return false;
		if (!isascii((unsigned char)*text) ||
		    (!isalnum((unsigned char)*text) && !strchr("-._~!$&'()*+,;=:@/?%", *text)))
			return false;
	}
	return true;
}

static bool has_dots(const char *path)
{
	for (const char *at = strchr(path, '/'); at; at = strchr(at, '/')) {
		size_t len = strcspn(++at, "/?");

		if ((len == 1 && *at == '.') || (len == 2 && !strncmp(at, "..", 2)))
			return true;
	}
	return false;
}

static bool check_path(struct loader *ld, const struct field *f, const struct node *n,
		       const struct http_text *path)
{
	for (size_t i = 0; i < path->count; i++) {
		const char *text = path->pieces[i].text;

		if (!text)
			continue;
		if (!is_url_text(text))
			return config_error(
				ld, n,
				"'%s' holds a character that must be written as %%NN, or a fragment",
				f->key);
		if (has_dots(text))
			return config_error(ld, n, "'%s' has a part that is only dots", f->key);
	}
	return http_text_is_public(ld, n, path);
}

static bool url_read_url(struct loader *ld, const struct field *f, const struct node *n, void *slot)
{
	struct http_url *out = slot;
	struct written w = { 0 };
	AUTO(http_text_builder) b = { .ld = ld, .grammar = GRAMMAR_URL };

	if (!read_origin(ld, f, n, &w, &out->origin) || !check_safe(ld, f, n, &w))
		return false;
	if (*w.rest != '/')
		http_text_raw(&b, "/");
	return http_text_add(&b, n, w.rest) && http_text_finish(&b, n, &out->path) &&
	       check_path(ld, f, n, &out->path);
}

bool value_place(struct loader *ld, const struct field *f, const struct node *n,
		 const char **origin, const char **path)
{
	struct written w = { 0 };
	size_t len = 0;

	if (!read_origin(ld, f, n, &w, origin) || !check_safe(ld, f, n, &w))
		return false;
	if (!is_url_text(w.rest) || strchr(w.rest, '?'))
		return config_error(
			ld, n,
			"'%s' holds a character that must be written as %%NN, a query or a fragment",
			f->key);
	if (has_dots(w.rest))
		return config_error(ld, n, "'%s' has a part that is only dots", f->key);
	len = strlen(w.rest);
	while (len && w.rest[len - 1] == '/')
		len--;
	*path = arena_strndup(&ld->fleet.arena, w.rest, len);
	return true;
}

static bool ends_there(struct loader *ld, const struct field *f, const struct node *n,
		       const struct written *w)
{
	return !*w->rest || !strcmp(w->rest, "/") ||
	       config_error(ld, n, "'%s' ends behind the host and its port", f->key);
}

static bool read_bare_origin(struct loader *ld, const struct field *f, const struct node *n,
			     void *slot)
{
	struct written w = { 0 };

	return read_origin(ld, f, n, &w, slot) && check_safe(ld, f, n, &w) &&
	       ends_there(ld, f, n, &w);
}

static bool read_https_origin(struct loader *ld, const struct field *f, const struct node *n,
			      void *slot)
{
	struct written w = { 0 };

	if (!read_origin(ld, f, n, &w, slot))
		return false;
	return w.tls ? ends_there(ld, f, n, &w)
		     : config_error(ld, n, "'%s' must begin with https://: a password goes there",
				    f->key);
}

/* The admin API has no authentication, so it must be on this machine. */
static bool read_admin(struct loader *ld, const struct field *f, const struct node *n, void *slot)
{
	struct written w = { 0 };
	bool is_tcp = n->kind == NODE_TEXT && !strncmp(n->text, "tcp:", 4);

	if (n->kind == NODE_TEXT && !is_tcp && !cut(ld, n->text, &w))
		return socket_type.read(ld, f, n, slot);
	if (!is_tcp && !read_origin(ld, f, n, &w, slot))
		return false;
	if (is_tcp || w.tls || !url_is_local(&w))
		return config_error(
			ld, n,
			"'%s' must be http://HOST:PORT of this machine, or the path of a unix socket, not '%s'",
			f->key, shown(ld, n->text));
	return ends_there(ld, f, n, &w);
}

const struct field_type url_type = { url_read_url, SHAPE_TEXT, "^https?://", .words = "URL" };
const struct field_type origin_type = { read_bare_origin, SHAPE_TEXT, "^https?://",
					.words = "URL" };
const struct field_type https_origin_type = { read_https_origin, SHAPE_TEXT, "^https://",
					      .words = "URL" };
const struct field_type admin_type = { read_admin, SHAPE_TEXT, NULL, .words = "URL or path",
				       .write = write_place };
