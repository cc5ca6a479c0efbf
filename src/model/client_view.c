/* SPDX-License-Identifier: Apache-2.0 */
#include "model/client_view.h"

#include "base/buf.h"
#include "base/clock.h"

#include <string.h>
#include <strings.h>

enum {
	NAMES_SHOWN = 3,
};

/* ---- what is known of a generation ---- */

static bool read_request_name(const char *text, size_t len, struct arena *a, struct san *out)
{
	for (int kind = 0; kind < NAME_KIND_COUNT; kind++) {
		size_t word = strlen(name_kind_names[kind]);

		if (len <= word || strncmp(text, name_kind_names[kind], word) || text[word] != ':')
			continue;
		*out = (struct san){ (enum name_kind)kind,
				     arena_strndup(a, text + word + 1, len - word - 1) };
		return true;
	}
	return false;
}

/* Names and purpose from its request (model/issue_request.h). */
static void read_request(const char *request, struct arena *a, struct client_view *out)
{
	size_t lines = 0;
	struct san *names;

	for (const char *at = request; *at; at++)
		lines += *at == '\n';
	out->names = names = arena_array(a, lines + 1, sizeof(*names));
	for (const char *line = request; *line;) {
		size_t len = strcspn(line, "\n");

		if (!strncmp(line, "names=", 6) &&
		    read_request_name(line + 6, len - 6, a, &names[out->name_count]))
			out->name_count++;
		if (!strncmp(line, "purpose=server ", 15))
			out->purpose |= PURPOSE_SERVER;
		line += len + (line[len] == '\n');
	}
}

bool generation_view(const struct generation *g, struct arena *a, struct client_view *out)
{
	if (g->view) {
		*out = *g->view;
		return true;
	}
	if (g->source != SOURCE_ISSUED || !g->request || !*g->request)
		return false;
	*out = (struct client_view){ 0 };
	read_request(g->request, a, out);
	return true;
}

int64_t generation_end(const struct generation *g)
{
	return g->view && g->view->until < g->not_after ? g->view->until : g->not_after;
}

/* ---- dates ---- */

const char *refusal_by_dates(const struct generation *g, int64_t at, struct arena *a)
{
	const struct client_view *x = g->view;
	int64_t from = x ? x->from : g->not_before;
	int64_t until = x ? x->until : g->not_after;
	char text[TIME_TEXT];
	char words[DURATION_TEXT];

	if (at >= until)
		return arena_printf(a, "%s expired %s ago", x ? x->ends : "the leaf",
				    duration_about(at - until, words));
	if (at < from)
		return arena_printf(a, "%s is not valid before %s", x ? x->begins : "the leaf",
				    time_format(from, text));
	return NULL;
}

/* ---- names ---- */

/* A wildcard stands for the whole first label (RFC 6125 section 6.4.3). */
static bool covers(const char *name, const char *host)
{
	const char *dot = strchr(host, '.');

	if (strncmp(name, "*.", 2) != 0)
		return !strcasecmp(name, host);
	return dot && dot > host && strchr(name + 2, '.') && !strcasecmp(name + 1, dot);
}

static bool has_name(const struct client_view *x, enum name_kind kind, const char *host)
{
	for (size_t i = 0; i < x->name_count; i++)
		if (x->names[i].kind == kind && host &&
		    (kind == NAME_DNS ? covers(x->names[i].value, host)
				      : !strcmp(x->names[i].value, host)))
			return true;
	return false;
}

static bool has_kind(const struct client_view *x, enum name_kind kind)
{
	for (size_t i = 0; i < x->name_count; i++)
		if (x->names[i].kind == kind)
			return true;
	return false;
}

const char *port_server_name(const struct verify *port, const struct client_view *x)
{
	if (port->server_name || has_name(x, NAME_IP, port->host))
		return port->server_name;
	for (size_t i = 0; i < x->name_count; i++)
		if (x->names[i].kind == NAME_DNS && x->names[i].value[0] != '*')
			return x->names[i].value;
	return NULL;
}

/*
 * Without a name, the address counts when the certificate has addresses, else
 * its first DNS name is asked for, which it has.
 */
static bool is_named(const struct client_view *x, const struct verify *port)
{
	if (port->server_name)
		return has_name(x, NAME_DNS, port->server_name);
	return has_name(x, NAME_IP, port->host) || has_kind(x, NAME_DNS) ||
	       (x->name_count && !has_kind(x, NAME_IP));
}

static void list_names(const struct client_view *x, struct buf *out)
{
	size_t shown = x->name_count > NAMES_SHOWN + 1 ? NAMES_SHOWN : x->name_count;

	for (size_t i = 0; i < shown; i++)
		buf_printf(out, "%s'%s'", i ? ", " : "", x->names[i].value);
	if (shown < x->name_count)
		buf_printf(out, " and %zu more", x->name_count - shown);
}

const char *refusal_by_port(const struct client_view *x, const struct verify *port, struct arena *a)
{
	AUTO(buf) names = { 0 };

	if (!(x->purpose & PURPOSE_SERVER))
		return "the certificate is not for servers";
	if (is_named(x, port))
		return NULL;
	if (!x->name_count)
		return "the certificate has no name (that of its subject does not count)";
	list_names(x, &names);
	return arena_printf(a, "the certificate is not for '%s' but for %s",
			    port->server_name ? port->server_name : port->host, buf_text(&names));
}

const char *refusal_by_ports(const struct component *c, const struct generation *g, struct arena *a)
{
	struct client_view x;
	const char *refusal = NULL;

	if (!c->verify_count || !generation_view(g, a, &x))
		return NULL;
	for (size_t i = 0; i < c->verify_count && !refusal; i++)
		refusal = refusal_by_port(&x, &c->verify[i], a);
	return refusal;
}

const char *client_refusal(const struct component *c, const struct generation *g, int64_t at,
			   struct arena *a)
{
	const char *refusal = refusal_by_dates(g, at, a);

	if (!refusal && g->view)
		refusal = g->view->gap;
	return refusal ? refusal : refusal_by_ports(c, g, a);
}
