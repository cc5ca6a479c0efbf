/* SPDX-License-Identifier: Apache-2.0 */
#include "config/netname.h"

#include "config/placeholder.h"
#include "config/values.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	HOST_LIMIT = 253,
	LABEL_LIMIT = 63
};

static bool is_label(const char *text, size_t len)
{
	if (!len || len > LABEL_LIMIT || *text == '-' || text[len - 1] == '-')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isascii((unsigned char)text[i]) ||
		    (!isalnum((unsigned char)text[i]) && text[i] != '-' && text[i] != '_'))
			return false;
	return true;
}

bool is_host_name(const char *text)
{
	size_t labels = 0;

	if (strlen(text) > HOST_LIMIT)
		return false;
	for (const char *at = text;; labels++) {
		size_t len = strcspn(at, ".");

		if (!is_label(at, len))
			return false;
		if (!at[len])
			return !labels || at[strspn(at, "0123456789")];
		at += len + 1;
	}
}

static bool is_dns_name(const char *text)
{
	if (strncmp(text, "*.", 2))
		return is_host_name(text);
	return strchr(text + 2, '.') && is_host_name(text + 2);
}

const char *ip_canonical(struct arena *a, const char *text)
{
	unsigned char bytes[sizeof(struct in6_addr)];
	char shape[INET6_ADDRSTRLEN];
	int family = strchr(text, ':') ? AF_INET6 : AF_INET;

	if (inet_pton(family, text, bytes) != 1)
		return NULL;
	inet_ntop(family, bytes, shape, sizeof(shape));
	return arena_strdup(a, shape);
}

static const char *netname_lower_case(struct arena *a, const char *text)
{
	char *copy = arena_strdup(a, text);

	for (char *at = copy; *at; at++)
		*at = (char)tolower((unsigned char)*at);
	return copy;
}

static bool parse_port(const char *text, uint16_t *port)
{
	size_t digits = strspn(text, "0123456789");

	if (!digits || digits > 5 || text[digits])
		return false;

	unsigned long value = strtoul(text, NULL, 10);

	*port = (uint16_t)value;
	return value > 0 && value <= UINT16_MAX;
}

bool host_port_parse(struct arena *a, const char *text, const char **host, uint16_t *port)
{
	const char *colon = strrchr(text, ':');

	if (!colon || !parse_port(colon + 1, port))
		return false;
	if (*text == '[') {
		if (colon - text < 3 || colon[-1] != ']')
			return false;
		*host = ip_canonical(a, arena_strndup(a, text + 1, (size_t)(colon - text - 2)));
		return *host && strchr(*host, ':');
	}
	*host = arena_strndup(a, text, (size_t)(colon - text));
	if (strchr(*host, ':'))
		return false;
	return is_host_name(*host) || ip_canonical(a, *host);
}

static bool is_printable(const char *text)
{
	for (; *text; text++)
		if (*text <= ' ' || *text > '~')
			return false;
	return true;
}

static bool is_email(const char *text)
{
	const char *at = strrchr(text, '@');

	return at && at > text && is_printable(text) && !memchr(text, '@', (size_t)(at - text)) &&
	       is_host_name(at + 1);
}

/*
 * "scheme://rest", or one of the schemes that have no "//" and stand in
 * certificates: what else has a colon is a slip ("host:443", "DNS:host").
 */
static bool netname_is_uri(const char *text)
{
	static const char *const bare[] = { "urn", "sip", "sips", "tag", "did", "tel", NULL };
	size_t scheme = strcspn(text, ":");
	bool known = !strncmp(text + scheme, "://", 3) && text[scheme + 3];

	for (const char *const *word = bare; *word; word++)
		known |= strlen(*word) == scheme && !strncasecmp(*word, text, scheme) &&
			 text[scheme + 1];
	if (!known || !isalpha((unsigned char)*text) || !is_printable(text))
		return false;
	for (size_t i = 0; i < scheme; i++)
		if (!isalnum((unsigned char)text[i]) && !strchr("+-.", text[i]))
			return false;
	return true;
}

bool san_parse(struct arena *a, const char *text, struct san *out)
{
	const char *ip = ip_canonical(a, text);

	if (ip) {
		*out = (struct san){ NAME_IP, ip };
		return true;
	}
	if (strchr(text, ':')) {
		*out = (struct san){ NAME_URI, text };
		return netname_is_uri(text);
	}
	if (strchr(text, '@')) {
		*out = (struct san){ NAME_EMAIL, text };
		return is_email(text);
	}
	if (!is_dns_name(text))
		return false;
	*out = (struct san){ NAME_DNS, netname_lower_case(a, text) };
	return true;
}

static int by_kind(const void *left, const void *right)
{
	const struct san *a = left;
	const struct san *b = right;

	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	return strcmp(a->value, b->value);
}

size_t san_sort(struct san *names, size_t count)
{
	size_t kept = 0;

	if (count)
		qsort(names, count, sizeof(*names), by_kind);
	for (size_t i = 0; i < count; i++)
		if (!kept || by_kind(&names[kept - 1], &names[i]) != 0)
			names[kept++] = names[i];
	return kept;
}

static bool report_san(struct loader *ld, const struct node *n, const char *text)
{
	static const char *const kinds[] = { "DNS:", "IP:", "email:", "URI:", NULL };
	const char *host = NULL;
	uint16_t port = 0;

	if (host_port_parse(&ld->work, text, &host, &port))
		return config_error(ld, n, "'%s' has a port, a name has none", shown(ld, n->text));
	for (const char *const *kind = kinds; *kind; kind++)
		if (!strncasecmp(text, *kind, strlen(*kind)))
			return config_error(ld, n, "'%s' must be written without '%s'",
					    shown(ld, n->text), *kind);
	return config_error(
		ld, n,
		"'%s' is not a DNS name, an IP address, a URI or an e-mail address (international names are written in their xn-- form)",
		shown(ld, n->text));
}

static bool read_san(struct loader *ld, const struct field *f, const struct node *n, void *slot)
{
	const char *text = NULL;

	if (!value_text(ld, f, n, &text))
		return false;
	struct san name = { NAME_DNS, text };

	if (!san_parse(&ld->fleet.arena, text, &name) && !placeholder_excuses(ld, n))
		return report_san(ld, n, text);
	*(struct san *)slot = name;
	return true;
}

const struct field_type san_type = { read_san, SHAPE_TEXT, NULL, GRAMMAR_SAN,
				     .words = "name, address, URI or e-mail" };
