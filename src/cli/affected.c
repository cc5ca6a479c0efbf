/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/planning.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/fs.h"
#include "base/text.h"
#include "cli/overwrite.h"
#include "json/record.h"

#include <stdlib.h>
#include <string.h>

#define HEADING "name,role,address,version,online,reason,remedy"
#define HEADING_MORE ",host,connected,embedded"

struct affected_row {
	const char *name;
	const char *role;
	const char *address;
	const char *version;
	bool online;
	const char *reason;
	const char *remedy;
	/* of a collector; "": it is none, or not known */
	const char *host;
	const char *connected; /* "yes", "no" */
	const char *embedded;
};

static bool ends_in(const char *text, const char *ending)
{
	size_t len = strlen(text);
	size_t wanted = strlen(ending);

	return len >= wanted && !strcasecmp(text + len - wanted, ending);
}

bool affected_form(const char *path, enum affected_form *form, struct err *e)
{
	AUTO(arena) a = { 0 };

	*form = ends_in(path, ".csv") ? AFFECTED_CSV : AFFECTED_JSON;
	if (*form == AFFECTED_CSV || ends_in(path, ".json"))
		return true;
	return err_set(e, ERR_USAGE, "'%s' must end in .csv or .json, which selects the format",
		       text_escaped(&a, path));
}

static bool is_csv_report(const char *text)
{
	return !strncmp(text, HEADING, strlen(HEADING));
}

static bool is_json_report(const char *text)
{
	return *text == '[' && (text[1] == ']' || strstr(text, "{\n    \"name\""));
}

bool affected_may_write(const char *path, struct err *e)
{
	enum affected_form form;

	return affected_form(path, &form, e) &&
	       overwrite_check(path, "report of certfleet's",
			       form == AFFECTED_CSV ? is_csv_report : is_json_report, e);
}

static const char *yes_or_no(bool yes)
{
	return yes ? "yes" : "no";
}

static void add_collector(const struct component *c, const struct component_seen *seen,
			  struct affected_row *out)
{
	bool listed = seen && seen->now.link != LINK_UNKNOWN;

	out->host = out->connected = out->embedded = "";
	if (!c || c->appmon.kind != APPMON_COLLECTOR)
		return;
	out->host = c->appmon.host;
	if (!listed)
		return;
	out->connected = yes_or_no(seen->now.link == LINK_CONNECTED);
	out->embedded = yes_or_no(seen->now.embedded);
}

/* False when `name` is no component. */
static bool make_row(const struct fleet *f, const struct plan *p, const char *name,
		     struct affected_row *out)
{
	const struct component *c = fleet_component(f, name);
	const struct component_seen *seen =
		text_find(name, p->observed, p->observed_count, sizeof(*p->observed));
	const char *address = NULL;

	if (!c && !seen)
		return false;
	address = c ? component_address(c) : NULL;
	*out = (struct affected_row){
		.name = name,
		.role = c ? c->role->name : "",
		.address = c ? (address ? address : "this machine") : "",
		.version = seen && seen->now.version ? seen->now.version : "",
		.online = seen && seen->now.online,
	};
	add_collector(c, seen, out);
	return true;
}

/* A collector that is no component: of the list of the AppMon Server, NAME@HOST. */
static struct affected_row undeclared_row(const char *name)
{
	const char *at = strrchr(name, '@');

	return (struct affected_row){ .name = name,
				      .role = "",
				      .address = "",
				      .version = "",
				      .host = at ? at + 1 : "",
				      .connected = "",
				      .embedded = "" };
}

/* A component's text must not be taken for a formula by a spreadsheet. */
static void add_field(struct buf *out, const char *text)
{
	AUTO(buf) shown = { 0 };

	if (*text && strchr("=+-@", *text))
		buf_putc(&shown, '\'');
	text_escape(&shown, text, strlen(text));
	buf_putc(out, '"');
	for (const char *c = buf_text(&shown); *c; c++) {
		if (*c == '"')
			buf_putc(out, '"');
		buf_putc(out, *c);
	}
	buf_putc(out, '"');
}

static void add_csv(struct buf *out, const struct affected_row *affected_row)
{
	const char *const fields[] = {
		affected_row->name,
		affected_row->role,
		affected_row->address,
		affected_row->version,
		yes_or_no(affected_row->online),
		affected_row->reason,
		affected_row->remedy,
		affected_row->host,
		affected_row->connected,
		affected_row->embedded,
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		if (i)
			buf_putc(out, ',');
		add_field(out, fields[i]);
	}
	buf_puts(out, "\r\n");
}

static json_t *write_known(const void *slot, size_t index)
{
	const char *text = *(const char *const *)slot;

	(void)index;
	return *text ? json_text(text) : NULL;
}

static json_t *write_yes(const void *slot, size_t index)
{
	const char *text = *(const char *const *)slot;

	(void)index;
	return *text ? json_boolean(!strcmp(text, "yes")) : NULL;
}

static const struct member affected_members[] = {
	TEXT_MEMBER("name", struct affected_row, name),
	TEXT_MEMBER("role", struct affected_row, role),
	TEXT_MEMBER("address", struct affected_row, address),
	CUSTOM_MEMBER("version", struct affected_row, version, write_known, NULL),
	FLAG_MEMBER("online", struct affected_row, online),
	TEXT_MEMBER("reason", struct affected_row, reason),
	TEXT_MEMBER("remedy", struct affected_row, remedy),
	CUSTOM_MEMBER("host", struct affected_row, host, write_known, NULL,
		      .absent = ABSENT_OMITTED),
	CUSTOM_MEMBER("connected", struct affected_row, connected, write_yes, NULL,
		      .absent = ABSENT_OMITTED),
	CUSTOM_MEMBER("embedded", struct affected_row, embedded, write_yes, NULL,
		      .absent = ABSENT_OMITTED),
	{ 0 },
};

struct affected_report {
	struct buf csv;
	json_t *list;
};

static void affected_add(struct affected_report *r, struct affected_row *row, const char *reason,
			 const char *remedy)
{
	row->reason = reason;
	row->remedy = remedy ? remedy : "";
	add_csv(&r->csv, row);
	json_array_append_new(r->list, json_encode(affected_members, row));
}

static int affected_compare_steps(const void *left, const void *right)
{
	const struct step *l = *(const struct step *const *)left;
	const struct step *r = *(const struct step *const *)right;
	int order = strcmp(l->component, r->component);

	return order ? order : (l > r) - (l < r);
}

/* Steps of components, by component and then in their order. */
static const struct step **component_steps(const struct plan *p, struct arena *a, size_t *count)
{
	const struct step **steps = arena_array(a, p->step_count, sizeof(*steps));

	for (size_t i = 0; i < p->step_count; i++)
		if (p->steps[i].component)
			steps[(*count)++] = &p->steps[i];
	if (*count)
		qsort(steps, *count, sizeof(*steps), affected_compare_steps);
	return steps;
}

/* One row per precondition, and one for the first step of a component that has none. */
static void affected_collect(const struct fleet *f, const struct plan *p, struct affected_report *r)
{
	AUTO(arena) a = { 0 };
	const char **named = arena_array(&a, p->precondition_count, sizeof(*named));
	size_t count = 0;
	const struct step **steps = component_steps(p, &a, &count);
	struct affected_row row;

	for (size_t i = 0; i < p->precondition_count; i++) {
		const struct precondition *about = &p->preconditions[i];

		named[i] = about->component;
		if (!strcmp(about->code, "undeclared"))
			row = undeclared_row(about->component);
		else if (!make_row(f, p, about->component, &row))
			continue;
		affected_add(r, &row, about->message, about->remedy);
	}

	const struct stepped told = stepped_sorted(named, p->precondition_count);

	for (size_t i = 0; i < count; i++) {
		const char *name = steps[i]->component;
		bool is_first = i == 0 || strcmp(steps[i - 1]->component, name) != 0;

		if (is_first && !stepped_has(&told, name) && make_row(f, p, name, &row))
			affected_add(r, &row, steps[i]->reason, NULL);
	}
}

bool affected_write(const char *path, const struct fleet *f, const struct plan *p, struct err *e)
{
	AUTO(json) list = json_array();
	struct affected_report r = { .list = list };
	enum affected_form form = AFFECTED_CSV;

	if (!affected_form(path, &form, e))
		return false;
	buf_puts(&r.csv, HEADING HEADING_MORE "\r\n");
	affected_collect(f, p, &r);

	AUTO(buf) csv = r.csv;
	AUTO(str) json = json_dumps(list, JSON_INDENT(2));
	const char *text = form == AFFECTED_CSV ? buf_text(&csv) : json;

	if (!fs_replace(path, text, strlen(text), FS_PUBLIC, e))
		return err_in(e, "cannot write the report");
	return true;
}
