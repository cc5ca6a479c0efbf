/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/route.h"

#include "base/buf.h"
#include "base/text.h"

#include <string.h>

/* A path that ends with '/' is followed by a component name. */
static const struct {
	const char *method;
	const char *path;
	enum order_action action; /* from ROUTE_STAGE on */
} routes[] = {
	[ROUTE_HEALTH] = { "GET", "/healthz", 0 },
	[ROUTE_COMPONENTS] = { "GET", "/v1/components", 0 },
	[ROUTE_COMPONENT] = { "GET", "/v1/component/", 0 },
	[ROUTE_STAGE] = { "PUT", "/v1/staged/", ORDER_STAGE },
	[ROUTE_COMMIT] = { "POST", "/v1/commit/", ORDER_COMMIT },
	[ROUTE_ABORT] = { "POST", "/v1/abort/", ORDER_ABORT },
	[ROUTE_ACTIVATE] = { "POST", "/v1/activate/", ORDER_ACTIVATE },
	[ROUTE_REVERT] = { "POST", "/v1/revert/", ORDER_REVERT },
};
_Static_assert(sizeof(routes) / sizeof(*routes) == ROUTE_COUNT, "every route needs its row");
_Static_assert((int)ROUTE_COUNT - (int)ROUTE_STAGE == (int)ORDER_ACTION_COUNT,
	       "every action has a route, in its order");

const char *route_method(enum route r)
{
	return routes[r].method;
}

static bool has_component(enum route r)
{
	return routes[r].path[strlen(routes[r].path) - 1] == '/';
}

const char *route_path(enum route r, const char *component, struct arena *a)
{
	AUTO(buf) path = { 0 };

	buf_puts(&path, routes[r].path);
	if (has_component(r))
		text_percent(&path, component);
	return arena_strdup(a, buf_text(&path));
}

/* Decodes "%2F" and plain bytes; false for an invalid escape, '/' or NUL. */
static bool route_decode(const char *text, struct arena *a, const char **out)
{
	char *to = arena_strdup(a, text);

	*out = to;
	for (const char *at = text; *at; at++) {
		unsigned char byte = (unsigned char)*at;

		if (byte == '/')
			return false;
		if (byte == '%') {
			char hex[3] = { at[1], at[1] ? at[2] : 0, 0 };

			if (!text_unhex(hex, &byte, 1) || !byte)
				return false;
			at += 2;
		}
		*to++ = (char)byte;
	}
	*to = '\0';
	return **out != '\0';
}

static bool matches(enum route r, const char *path, struct arena *a, const char **component)
{
	size_t len = strlen(routes[r].path);

	*component = "";
	if (!has_component(r))
		return !strcmp(path, routes[r].path);
	return !strncmp(path, routes[r].path, len) && route_decode(path + len, a, component);
}

enum route_match route_find(const char *method, const char *path, struct arena *a,
			    enum route *route, const char **component)
{
	for (unsigned r = 0; r < ROUTE_COUNT; r++) {
		if (!matches(r, path, a, component))
			continue;
		*route = r;
		return strcmp(method, routes[r].method) ? ROUTE_WRONG_METHOD : ROUTE_FOUND;
	}
	return ROUTE_UNKNOWN;
}

bool route_has_order(enum route r)
{
	return r >= ROUTE_STAGE && r < ROUTE_COUNT;
}

enum order_action route_action(enum route r)
{
	return routes[r].action;
}

enum route route_of(enum order_action action)
{
	return (enum route)(ROUTE_STAGE + action);
}
