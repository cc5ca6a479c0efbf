/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks of agents, which compare an order's end with theirs; or is it ours that is off? */
#include "base/clock.h"
#include "base/text.h"
#include "plan/component_steps.h"
#include "plan/precondition.h"
#include "plan/preconditions.h"

#include <stdlib.h>
#include <string.h>

enum {
	CLOCK_TOLD = 120,    /* seconds, beyond which it is a matter */
	CLOCK_BLOCKED = 240, /* an order ends after 300 */
	CLOCK_STEP = 60,     /* plans made seconds apart must not differ */
	CLOCKS_LEAST = 2     /* agents that can show that our clock is off */
};

static const char *const remedy_here = "set the clock of this machine";

struct agent_clock {
	const char *agent;
	int64_t off; /* seconds, without its sign */
	bool ahead;  /* of ours */
};

static struct agent_clock clock_of(const struct component_build *c)
{
	int64_t ahead = c->seen->now.clock_ahead;

	return (struct agent_clock){ .agent = c->component->deliver.remote,
				     .off = ahead > 0 ? ahead : -(ahead + (ahead == INT64_MIN)),
				     .ahead = ahead > 0 };
}

static int clock_compare(const void *left, const void *right)
{
	const struct agent_clock *l = left;
	const struct agent_clock *r = right;

	return strcmp(l->agent, r->agent);
}

/* Of each agent that was reached, once; sorted. */
static struct agent_clock *agent_clocks(struct plan_builder *d, size_t *count)
{
	struct agent_clock *list =
		arena_array(&d->scratch, d->fleet->component_count, sizeof(*list));
	size_t seen = 0;

	*count = 0;
	for (size_t i = 0; i < d->fleet->component_count; i++) {
		const struct component_build *c = &d->components[i];

		if (c->component->deliver.kind == DRIVER_AGENT && c->seen->now.online)
			list[seen++] = clock_of(c);
	}
	if (seen)
		qsort(list, seen, sizeof(*list), clock_compare);
	for (size_t i = 0; i < seen; i++)
		if (!*count || clock_compare(&list[*count - 1], &list[i]) != 0)
			list[(*count)++] = list[i];
	return list;
}

static const char *clock_text(struct plan_builder *d, int64_t off)
{
	char text[DURATION_TEXT];

	duration_about(off - off % CLOCK_STEP, text);
	return arena_strdup(&d->scratch, text);
}

static enum severity clock_severity(int64_t off, bool has_step)
{
	if (!has_step)
		return SEVERITY_INFO;
	return off > CLOCK_BLOCKED ? SEVERITY_BLOCK : SEVERITY_ACKNOWLEDGE;
}

/* The clocks that are off in one direction; when most are, it is ours. */
static bool check_our_clock(struct plan_builder *d, bool ahead, bool has_step)
{
	size_t count = 0;
	const struct agent_clock *list = agent_clocks(d, &count);
	VEC(const char *) items = { 0 };
	int64_t least = INT64_MAX;

	for (size_t i = 0; i < count; i++) {
		if (list[i].off <= CLOCK_TOLD || list[i].ahead != ahead)
			continue;
		VEC_PUSH(&items, d->kept, builder_keep(d, list[i].agent));
		least = list[i].off < least ? list[i].off : least;
	}
	if (count < CLOCKS_LEAST || items.count * 2 <= count)
		return false;
	precondition_add(
		d,
		&(struct precondition_spec){
			.code = CODE_CLOCK_SKEW,
			.severity = clock_severity(least, has_step),
			.name = "",
			.message = arena_printf(
				d->kept, "our clock is at least %s %s those of %zu of %zu agents",
				clock_text(d, least), ahead ? "behind" : "ahead of", items.count,
				count),
			.remedy = remedy_here,
			.items = items.items,
			.item_count = items.count,
		});
	return true;
}

static void check_clock(struct plan_builder *d, const struct component_build *c)
{
	const struct agent_clock clock = clock_of(c);
	struct precondition_spec f = precondition_of_component(c, CODE_CLOCK_SKEW, true);

	f.severity = clock_severity(clock.off, component_has_step(c));
	f.message = arena_printf(d->kept, "its clock is at least %s %s ours",
				 clock_text(d, clock.off), clock.ahead ? "ahead of" : "behind");
	precondition_add(d, &f);
}

void precondition_clocks(struct plan_builder *d, bool has_step)
{
	bool ours = check_our_clock(d, true, has_step) || check_our_clock(d, false, has_step);

	/* an order would end too early, whosever clock it is */
	int64_t most = ours ? CLOCK_BLOCKED : CLOCK_TOLD;

	for (size_t i = 0; i < d->fleet->component_count; i++) {
		const struct component_build *c = &d->components[i];

		if (c->in_scope && c->seen->now.online && clock_of(c).off > most)
			check_clock(d, c);
	}
}
