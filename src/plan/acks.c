/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/acks.h"

#include "base/clock.h"
#include "base/text.h"
#include "plan/precondition.h"
#include "plan/scope.h"

#include <string.h>

/* Target of an ack without T: covers everything. */
#define EVERYTHING ""

static enum code find_code(const char *name)
{
	enum code code = 0;

	while (code < CODE_COUNT && strcmp(code_rows[code].name, name) != 0)
		code++;
	return code;
}

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
	enum code code = find_code(name);

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

/* The fleet file was checked: its codes and names are known. */
static void read_standing(struct plan_builder *d)
{
	const struct fleet *f = d->fleet;

	for (size_t i = 0; i < f->acknowledge_count; i++) {
		const struct standing_ack *k = &f->acknowledge[i];
		enum code code = find_code(k->code);
		struct targets *ts = &d->standing[code];
		struct err ignored = { 0 };

		if (code == CODE_COUNT || d->in->at >= k->until)
			continue;
		if (!ts->list)
			ts->list =
				arena_array(&d->scratch, f->acknowledge_count, sizeof(*ts->list));
		ts->count += target_parse(k->on, &ts->list[ts->count], &ignored);
	}
}

bool acks_read(struct plan_builder *d, struct err *e)
{
	for (size_t i = 0; i < d->in->choices.ack_count; i++)
		if (!read_ack(d, d->in->choices.acks[i], e))
			return err_in(e, "--ack");
	read_standing(d);
	for (enum code i = 0; i < CODE_COUNT; i++) {
		targets_sort(&d->acks[i]);
		targets_sort(&d->standing[i]);
	}
	return true;
}

void acks_check_standing(struct plan_builder *d)
{
	const struct fleet *f = d->fleet;
	char end[TIME_TEXT];

	for (size_t i = 0; i < f->acknowledge_count; i++) {
		const struct standing_ack *k = &f->acknowledge[i];

		if (d->in->at < k->until)
			continue;
		precondition_add(
			d, &(struct precondition_spec){
				   .code = CODE_ACKNOWLEDGE_ENDED,
				   .severity = SEVERITY_INFO,
				   .name = "",
				   .message = arena_printf(
					   d->kept, "'%s' on '%s' was acknowledged until %s: %s",
					   k->code, text_escaped(&d->scratch, k->on),
					   time_format(k->until, end),
					   text_escaped(&d->scratch, k->reason)),
			   });
	}
}

bool acks_check(struct plan_builder *d, struct err *e)
{
	for (enum code i = 0; i < CODE_COUNT; i++)
		if (!scope_knows(d, &d->acks[i], e))
			return err_in(e, "--ack");
	return true;
}

static bool acks_cover(struct targets *acks, const char *name, const struct subject *subject)
{
	const struct subject all = { .component = EVERYTHING };
	const struct subject named = { .component = name };

	return targets_cover(acks, &all) || targets_cover(acks, &named) ||
	       targets_cover(acks, subject);
}

bool acks_given(struct plan_builder *d, enum code code, const char *name,
		const struct subject *subject)
{
	return acks_cover(&d->acks[code], name, subject);
}

bool acks_stand(struct plan_builder *d, enum code code, const char *name,
		const struct subject *subject)
{
	return acks_cover(&d->standing[code], name, subject);
}
