/* SPDX-License-Identifier: Apache-2.0 */
#include "config/include.h"

#include "config/forms.h"
#include "config/schema.h"

#include <string.h>

/* The line at `at`, without its end; NULL after the last line. */
static const char *next_line(const struct source *s, size_t *at, size_t *len)
{
	if (*at >= s->len)
		return NULL;

	const char *line = s->text + *at;
	const char *end = memchr(line, '\n', s->len - *at);

	*len = end ? (size_t)(end - line) : s->len - *at;
	*at += *len + 1;
	if (*len && line[*len - 1] == '\r')
		--*len;
	return line;
}

static bool include_is_version(const char *line, size_t len)
{
	static const char version[] = "certfleet: 1";
	size_t n = sizeof(version) - 1;

	return len >= n && !memcmp(line, version, n) &&
	       (len == n || line[n] == ' ' || line[n] == '\t');
}

bool begins_as_fleet_file(const struct source *s)
{
	size_t at = 0;
	size_t len = 0;

	for (;;) {
		const char *line = next_line(s, &at, &len);

		if (!line)
			return false;
		if (!len || *line == '#' || (len == 3 && !memcmp(line, "---", 3)))
			continue;
		return include_is_version(line, len);
	}
}

static void include_one(struct loader *ld, const struct node *path)
{
	const struct fleet_form preset = {
		.issuers = &ld->issuers,
		.certificates = &ld->certificates,
		.roles = &ld->roles,
		.components = &ld->components,
	};
	struct record record = include_record;
	struct fleet_form form;
	size_t before = ld->sources.count;
	const struct node *root = NULL;
	uint16_t source = 0;

	if (!source_read(ld, path, &source))
		return;
	if (ld->sources.count == before) {
		config_error(ld, path, "'%s' is included twice", shown(ld, path->text));
		return;
	}
	if (!begins_as_fleet_file(&ld->sources.items[source])) {
		const struct node here = { .source = source };

		config_error(ld, &here, "an included file begins with 'certfleet: 1'");
		return;
	}
	source_quotable(ld, source);
	record.preset = &preset;
	if (yaml_parse(ld, source, &root))
		(void)!record_read(ld, &record, root, &form);
}

void include_all(struct loader *ld, const struct node *include)
{
	struct items files = { 0 };

	if (!field_read(ld, &include_value, include, &files))
		return;
	node_items(item, include) include_one(ld, node_value(item));
}
