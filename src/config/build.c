/* SPDX-License-Identifier: Apache-2.0 */
#include "config/build.h"

#include "base/text.h"
#include "config/placeholder.h"
#include "config/schema.h"
#include "config/values.h"

#include <stdlib.h>
#include <string.h>

bool subject_read(struct loader *ld, const struct node *n, const char **canonical, const char **cn)
{
	const char *text = NULL;
	struct err e = { 0 };

	if (!field_read(ld, &subject_value, n, &text))
		return false;
	if (ld->subject(text, &ld->fleet.arena, canonical, cn, &e))
		return true;
	if (placeholder_excuses(ld, n)) {
		*canonical = text;
		return true;
	}
	if (placeholder_in(n->text))
		return config_error(
			ld, n, "'subject' is not an RFC 4514 name, once placeholders are replaced");
	return config_error(ld, n, "'subject': %s", e.text);
}

void sort_by_name(void *items, size_t count, size_t size)
{
	const char *item = items;

	for (size_t i = 1; i < count; i++) {
		if (text_compare(item + (i - 1) * size, item + i * size) <= 0)
			continue;
		qsort(items, count, size, text_compare);
		return;
	}
}

bool report_dangling(struct loader *ld, const struct node *at, const char *what,
		     const struct section *section)
{
	VEC(const char *) names = { 0 };

	if (!loader_can_report(ld))
		return config_error(ld, at, "not defined");
	for (size_t i = 0; i < section->entries.count; i++)
		VEC_PUSH(&names, &ld->work, section->entries.items[i].key->text);
	VEC_PUSH(&names, &ld->work, NULL);

	const char *meant = text_nearest(at->text, names.items);

	if (meant)
		return config_error(ld, at, "%s '%s' is not defined, did you mean '%s'?", what,
				    shown(ld, at->text), meant);
	return config_error(ld, at, "%s '%s' is not defined", what, shown(ld, at->text));
}

struct scope sample_scope(void)
{
	return (struct scope){
		.name = "sample", .each = "sample", .host = "sample", .sample = true
	};
}

const char *draft_words(struct loader *ld, const struct draft *d, const struct component *c)
{
	if (!loader_can_report(ld))
		return "";
	if (!d->scope.csv)
		return arena_printf(&ld->work, "component '%s'", shown(ld, c->name));

	const struct source *s = &ld->sources.items[d->scope.item->source];

	return arena_printf(&ld->work, "the component of '%s' on line %u of %s", d->key->text,
			    line_of(ld, d->scope.item), shown(ld, s->name));
}
