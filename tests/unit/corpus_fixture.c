/* SPDX-License-Identifier: Apache-2.0 */
#include "corpus_fixture.h"
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *corpus_folder(const char *name, char room[1024])
{
	const char *set = getenv("CERTFLEET_CORPUS");
	const char *all = getenv("CERTFLEET_CORPORA");

	if (set)
		return set;
	snprintf(room, 1024, "%s/%s", all ? all : "../shared/corpora", name);
	return room;
}

const char *corpus_field(const json_t *row, const char *name)
{
	const char *text = json_string_value(json_object_get(row, name));

	return text ? text : "";
}

static struct corpus_tier *find_tier(struct corpus_score *s, const char *name)
{
	for (size_t i = 0; i < CORPUS_TIERS; i++) {
		struct corpus_tier *t = &s->tiers[i];

		if (!*t->name)
			snprintf(t->name, sizeof(t->name), "%s", name);
		if (!strcmp(t->name, name))
			return t;
	}
	fail_msg("more than %d tiers", CORPUS_TIERS);
	return NULL;
}

static void score_case(struct corpus_score *s, struct corpus_case *c)
{
	const char *tier = corpus_field(c->row, "tier");
	struct corpus_tier *t = find_tier(s, tier);

	t->total++;
	t->right += c->right;
	if (!c->right)
		print_message("miss %s [%s]%s%s: %s\n", corpus_field(c->row, "id"), tier,
			      c->name ? " " : "", c->name ? c->name : "", c->got);
}

void corpus_score(const char *name, const char *index, corpus_fn *judge, struct corpus_score *out)
{
	char room[1024];
	char path[1100];
	char *line = NULL;
	size_t size = 0;
	const char *folder = corpus_folder(name, room);

	snprintf(path, sizeof(path), "%s/%s", folder, index);
	FILE *cases = fopen(path, "re");

	if (!cases) {
		print_message("SKIPPED: there is no '%s'\n", path);
		skip();
	}
	while (getline(&line, &size, cases) > 0) {
		if (*line == '\n')
			continue;
		struct corpus_case c = { .row = json_loads(line, 0, NULL), .folder = folder };

		assert_non_null(c.row);
		judge(&c);
		score_case(out, &c);
		json_decref(c.row);
	}
	free(line);
	fclose(cases);
	for (const struct corpus_tier *t = out->tiers; t < out->tiers + CORPUS_TIERS; t++)
		if (t->total)
			print_message("score %s %u of %u (%.1f %%)\n", t->name, t->right, t->total,
				      100.0 * t->right / t->total);
}

unsigned corpus_misses(const struct corpus_score *s, const char *tier)
{
	for (const struct corpus_tier *t = s->tiers; t < s->tiers + CORPUS_TIERS; t++)
		if (!strcmp(t->name, tier))
			return t->total - t->right;
	return 0;
}
