/* SPDX-License-Identifier: Apache-2.0 */
#include "config/each.h"

#include "config/forms.h"
#include "config/schema.h"

#include <string.h>

/* The reason why the name of an item is invalid; NULL: it is valid. */
static const char *item_fault(const char *name)
{
	size_t len = strlen(name);

	if (!len || len > ITEM_LIMIT)
		return "an item is 1 to 128 bytes";
	if (*name == ' ' || name[len - 1] == ' ')
		return "an item neither begins nor ends with a blank";
	if (strchr(name, '/'))
		return "an item cannot hold '/'";
	if (!strcmp(name, ".") || !strcmp(name, ".."))
		return "an item cannot be '.' or '..'";
	for (; *name; name++)
		if ((unsigned char)*name < 0x20 || *name == 0x7f)
			return "an item cannot hold a control character";
	return NULL;
}

static bool check_items(struct loader *ld, const struct each *each)
{
	AUTO(lookup) seen = { .fold = true };
	bool good = true;

	for (size_t i = 0; i < each->count; i++) {
		const struct item *item = &each->items[i];
		const char *fault = item_fault(item->name);
		const struct item *earlier = lookup_add(&seen, item->name, item);

		if (fault)
			good = config_error(ld, &item->at, "%s", fault);
		else if (earlier)
			good = config_error(
				ld, &item->at,
				"the same item as on line %u (upper and lower case being the same)",
				line_of(ld, &earlier->at));
	}
	return good;
}

static bool count_items(struct loader *ld, const struct node *n, uint64_t *count)
{
	bool good = true;

	*count = 0;
	node_items(raw, n)
	{
		const struct node *item = node_value(raw);
		const char *text = NULL;
		uint64_t here = 0;

		if (!field_read(ld, &item_value, item, &text) || !range_count(ld, item, &here))
			good = false;
		else
			range_check(ld, item);
		if (here > GROUP_LIMIT || *count > GROUP_LIMIT)
			return config_error(ld, item, "a group of more than %d items", GROUP_LIMIT);
		*count += here;
	}
	if (*count > GROUP_LIMIT)
		return config_error(ld, n, "a group of more than %d items", GROUP_LIMIT);
	if (*count > ld->room)
		return config_error(ld, n, "more than %d components in the fleet", COMPONENT_LIMIT);
	return good;
}

static bool each_read_list(struct loader *ld, const struct node *n, struct each *out)
{
	uint64_t count = 0;

	if (!count_items(ld, n, &count))
		return false;

	struct item *items = arena_array(&ld->work, count, sizeof(*items));
	size_t made = 0;

	node_items(raw, n)
	{
		const struct node *item = node_value(raw);
		uint64_t here = 0;

		if (!range_count(ld, item, &here))
			return false;
		for (uint64_t i = 0; i < here; i++)
			items[made++] = (struct item){
				.name = range_item(ld, item->text, i),
				.at = *item,
			};
	}
	*out = (struct each){ .items = items, .count = made };
	return check_items(ld, out);
}

static bool find_column(struct loader *ld, const struct node *n, const struct csv *csv,
			size_t *column)
{
	const struct node *name = node_find(n, "name");

	for (size_t i = 0; i < csv->columns; i++) {
		if (strcmp(csv->header[i], name->text))
			continue;
		*column = i;
		return true;
	}
	return config_error(ld, name, "the CSV file has no column '%s' in its header row",
			    shown(ld, name->text));
}

static bool read_csv(struct loader *ld, const struct node *n, struct each *out)
{
	struct csv_form form;
	uint16_t source = 0;
	size_t column = 0;
	const char *path = NULL;

	if (!record_read(ld, &csv_record, n, &form) ||
	    !field_read(ld, &item_value, form.file, &path) ||
	    !source_read_csv(ld, form.file, &source) || !csv_parse(ld, source, &out->csv) ||
	    !find_column(ld, n, &out->csv, &column))
		return false;

	struct item *items = arena_array(&ld->work, out->csv.count, sizeof(*items));

	for (size_t i = 0; i < out->csv.count; i++) {
		const struct csv_row *row = &out->csv.rows[i];

		items[i] = (struct item){
			.name = arena_strdup(&ld->fleet.arena, row->cells[column]),
			.cells = row->cells,
			.at = { .source = source, .at = row->at },
		};
	}
	out->items = items;
	out->count = out->csv.count;
	return check_items(ld, out);
}

bool each_read(struct loader *ld, const struct node *n, struct each *out)
{
	if (n->kind == NODE_LIST)
		return each_read_list(ld, n, out);
	if (n->kind == NODE_MAPPING)
		return read_csv(ld, n, out);

	const struct field self = { .key = "each" };

	return wrong_kind(ld, &self, n, "a list, or {csv: FILE, name: COLUMN}");
}
