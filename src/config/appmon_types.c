/* SPDX-License-Identifier: Apache-2.0 */
#include "config/appmon_types.h"

#include "config/forms.h"
#include "config/placeholder.h"
#include "config/values.h"

#include <ctype.h>
#include <string.h>

enum {
	SHA256_DIGITS = 64
};
static const char pin_prefix[] = "sha256:";

/* ---- access ---- */

static bool read_certificate_pin(struct loader *ld, const struct field *f, const struct node *n,
				 void *slot)
{
	size_t prefix = sizeof(pin_prefix) - 1;
	char *pin = NULL;

	if (!value_raw(ld, f, n))
		return false;
	if (strncmp(n->text, pin_prefix, prefix) != 0 ||
	    strlen(n->text) != prefix + SHA256_DIGITS ||
	    strspn(n->text + prefix, "0123456789abcdefABCDEF") != SHA256_DIGITS)
		return config_error(
			ld, n,
			"'%s' must be sha256: and the 64 hex digits of the certificate's fingerprint, not '%s'",
			f->key, shown(ld, n->text));
	pin = arena_strdup(&ld->fleet.arena, n->text);
	for (char *at = pin; *at; at++)
		*at = (char)tolower((unsigned char)*at);
	*(const char **)slot = pin;
	return true;
}

bool appmon_access_check(struct loader *ld, const struct node *n, void *out)
{
	struct appmon_access *a = out;

	if (a->ca && a->pins)
		return config_error(ld, node_find(n, "pin"), "'ca' and 'pin' exclude each other");
	while (a->pins && a->pins[a->pin_count])
		a->pin_count++;
	return !strchr(a->user, ':') ||
	       config_error(ld, node_find(n, "user"), "'user' cannot hold a colon");
}

/* ---- parts ---- */

/* The last '@' outside of placeholders: a name may hold one, a host may not. NULL: none. */
static const char *host_mark(const char *text)
{
	const char *found = NULL;

	for (; *text; text++) {
		if (!strncmp(text, "${", 2))
			text += strcspn(text, "}");
		if (*text == '@')
			found = text;
		if (!*text)
			break;
	}
	return found;
}

/* Each side by itself, so that no value of a placeholder moves the '@' that divides them. */
static bool expand_side(struct loader *ld, const struct node *n, const char *text, const char **out)
{
	const struct expansion x = { ld, n, text, GRAMMAR_TEXT };
	AUTO(buf) side = { .limit = EXPANDED_LIMIT };

	while (*text)
		if (!placeholder_next(&x, &text, &side))
			return false;
	if (side.failed)
		return config_error(ld, n, "longer than %d bytes", EXPANDED_LIMIT);
	*out = arena_strdup(&ld->fleet.arena, buf_text(&side));
	return true;
}

static bool read_collector(struct loader *ld, const struct field *f, const struct node *n,
			   void *slot)
{
	struct appmon_part part = { .kind = APPMON_COLLECTOR };
	const char *mark = NULL;

	if (!value_raw(ld, f, n))
		return false;
	mark = host_mark(n->text);
	if (mark) {
		if (!expand_side(ld, n, arena_strndup(&ld->work, n->text, (size_t)(mark - n->text)),
				 &part.name) ||
		    !expand_side(ld, n, mark + 1, &part.host))
			return false;
	} else if (!expand_side(ld, n, n->text, &part.name)) {
		return false;
	} else if (strrchr(part.name, '@')) { /* a column has both */
		part.host = strrchr(part.name, '@') + 1;
		part.name = arena_strndup(&ld->fleet.arena, part.name,
					  (size_t)(part.host - part.name - 1));
	}
	*(struct appmon_part *)slot = part;
	if ((part.host && *part.name && *part.host && !strpbrk(part.host, "/ @")) ||
	    placeholder_excuses(ld, n))
		return true;
	return config_error(ld, n, "'%s' must be NAME@HOST, as the server lists it, not '%s'",
			    f->key, shown(ld, n->text));
}

static bool read_appmon_part(struct loader *ld, const struct field *f, const struct node *n,
			     void *slot)
{
	if (n->kind == NODE_MAPPING)
		return record_read(ld, f->param, n, slot);
	if (n->kind != NODE_TEXT)
		return wrong_kind(ld, f, n, "server, or {collector: NAME@HOST}");
	if (strcmp(n->text, "server") != 0)
		return config_error(ld, n,
				    "'%s' must be server, or {collector: NAME@HOST}, not '%s'",
				    f->key, shown(ld, n->text));
	*(struct appmon_part *)slot = (struct appmon_part){ .kind = APPMON_SERVER };
	return true;
}

const struct field_type pin_type = { read_certificate_pin, SHAPE_TEXT, "^sha256:[0-9A-Fa-f]{64}$",
				     .words = "fingerprint" };
const struct field_type collector_type = { read_collector, SHAPE_TEXT, "@", .words = "NAME@HOST" };
const struct field_type appmon_part_type = { read_appmon_part, SHAPE_TEXT_OR_RECORD, "^server$",
					     .words = "server, or mapping" };

/* ---- rules ---- */

bool appmon_component_check(struct loader *ld, const struct draft *d,
			    const struct component_form *form)
{
	const struct node *part = node_find(d->value, "appmon");
	const struct node *activate = node_find(d->value, "activate");

	if (part && !ld->fleet.access.appmon.origin)
		return config_error(
			ld, part,
			"the AppMon Server is to be asked, but there is no 'access: {appmon: {url, user, password}}'");
	if (form->activate.kind == ACTIVATE_APPMON && !part)
		return config_error(
			ld, activate ? activate : d->key,
			"'activate: appmon' needs 'appmon', which says what the AppMon Server calls this component");
	return true;
}

/* What names the same process of the server, for a lookup. */
static const char *part_words(struct loader *ld, const struct appmon_part *p)
{
	return p->kind == APPMON_SERVER ? "server"
					: arena_printf(&ld->work, "%s@%s", p->name, p->host);
}

void check_appmon_parts(struct loader *ld, const struct build *b)
{
	AUTO(lookup) parts = { 0 };

	for (size_t i = 0; i < ld->fleet.component_count; i++) {
		const struct component *c = &b->components[i];
		const struct component *first = NULL;

		if (c->appmon.kind == APPMON_NONE)
			continue;
		first = lookup_add(&parts, part_words(ld, &c->appmon), c);
		if (first && strcmp(first->process, c->process) != 0)
			config_error(
				ld, node_find(b->drafts[i].value, "appmon"),
				"the same part of the AppMon Server as %s: give both one 'process', or correct this",
				draft_words(ld, &b->drafts[first - b->components], first));
	}
}
