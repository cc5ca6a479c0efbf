/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/acks.h"

#include "base/text.h"
#include "plan/scope.h"

#include <string.h>

/* Target of an ack without T: covers everything. */
#define EVERYTHING ""

static bool unknown_code(struct plan_builder *d, const char *code, struct err *e)
{
	const char *names[CODE_COUNT + 1] = { 0 };

	for (enum code i = 0; i < CODE_COUNT; i++)
		names[i] = code_rows[i].name;

	const char *near = text_nearest(code, names);
	const char *shown = text_escaped(&d->scratch, code);

	if (near)
		return err_set(e, ERR_USAGE, "there is no precondition '%s', did you mean '%s'?",
			       shown, near);
	return err_set(e, ERR_USAGE, "there is no precondition '%s'", shown);
}

static bool read_ack(struct plan_builder *d, const char *text, struct err *e)
{
	size_t len = strcspn(text, ":");
	const char *name = arena_strndup(&d->scratch, text, len);
	enum code code = 0;

	while (code < CODE_COUNT && strcmp(code_rows[code].name, name) != 0)
		code++;
	if (code == CODE_COUNT)
		return unknown_code(d, name, e);
	if (code_rows[code].severity == SEVERITY_BLOCK)
		return err_set(e, ERR_USAGE, "'%s' has no override, %s", name,
			       code_rows[code].remedy);
	if (text[len] && !text[len + 1])
		return err_set(e, ERR_USAGE, "nothing follows '%s:'", name);

	struct targets *ts = &d->acks[code];

	if (!ts->list)
		ts->list = arena_array(&d->scratch, d->in->choices.ack_count, sizeof(*ts->list));
	return target_parse(text[len] ? text + len + 1 : EVERYTHING, &ts->list[ts->count++], e);
}

bool acks_read(struct plan_builder *d, struct err *e)
{
	for (size_t i = 0; i < d->in->choices.ack_count; i++)
		if (!read_ack(d, d->in->choices.acks[i], e))
			return err_in(e, "--ack");
	for (enum code i = 0; i < CODE_COUNT; i++)
		targets_sort(&d->acks[i]);
	return true;
}

bool acks_check(struct plan_builder *d, struct err *e)
{
	for (enum code i = 0; i < CODE_COUNT; i++)
		if (!scope_knows(d, &d->acks[i], e))
			return err_in(e, "--ack");
	return true;
}

bool acks_cover(struct targets *acks, const char *name, const struct subject *subject)
{
	const struct subject all = { .component = EVERYTHING };
	const struct subject named = { .component = name };

	return targets_cover(acks, &all) || targets_cover(acks, &named) ||
	       targets_cover(acks, subject);
}
