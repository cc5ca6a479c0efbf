/* SPDX-License-Identifier: Apache-2.0 */
#include "model/plan.h"

#include "base/text.h"

#include <string.h>

const char *const step_kind_names[STEP_KIND_COUNT + 1] = {
	[STEP_CREATE_ISSUER] = "create-issuer",
	[STEP_PUBLISH] = "publish",
	[STEP_ISSUE] = "issue",
	[STEP_IMPORT] = "import",
	[STEP_EXPORT] = "export",
	[STEP_BACKUP] = "backup",
	[STEP_COPY] = "copy",
	[STEP_STAGE] = "stage",
	[STEP_COMMIT] = "commit",
	[STEP_ACTIVATE] = "activate",
	[STEP_VERIFY] = "verify",
	[STEP_REVERT] = "revert",
	[STEP_ROLLBACK] = "rollback",
	[STEP_RETIRE] = "retire",
};

const char *const severity_names[SEVERITY_COUNT + 1] = {
	[SEVERITY_BLOCK] = "block",
	[SEVERITY_ACKNOWLEDGE] = "acknowledge",
	[SEVERITY_INFO] = "info",
};

void plan_release(struct plan *p)
{
	arena_release(&p->arena);
	*p = (struct plan){ 0 };
}

static bool any_open(const struct plan *p, enum severity severity)
{
	for (size_t i = 0; i < p->precondition_count; i++)
		if (p->preconditions[i].severity == severity && !p->preconditions[i].acknowledged)
			return true;
	return false;
}

bool plan_is_blocked(const struct plan *p)
{
	return any_open(p, SEVERITY_BLOCK);
}

bool plan_needs_acknowledgement(const struct plan *p)
{
	return any_open(p, SEVERITY_ACKNOWLEDGE);
}

enum exit_status plan_waiting_status(const struct plan *p)
{
	if (p->moved)
		return EXIT_STALE;
	if (plan_is_blocked(p))
		return EXIT_BLOCKED;
	if (plan_needs_acknowledgement(p))
		return EXIT_ASKS;
	return p->awaited_count ? EXIT_AWAITS : EXIT_DONE;
}

enum {
	ALIKE_SHOWN = 5
};

/* Without the subject at its end. */
static size_t remedy_length(const struct precondition *p)
{
	size_t length = strlen(p->remedy);
	size_t name = strlen(p->component);

	if (!name || length <= name || p->remedy[length - name - 1] != ':' ||
	    strcmp(p->remedy + length - name, p->component) != 0)
		return length;
	return length - name - 1;
}

static bool says_the_same(const struct precondition *p, const struct precondition *next)
{
	size_t length = remedy_length(p);

	return p->severity == next->severity && p->acknowledged == next->acknowledged &&
	       !p->item_count && !next->item_count && !strcmp(p->code, next->code) &&
	       !strcmp(p->message, next->message) && length == remedy_length(next) &&
	       !strncmp(p->remedy, next->remedy, length);
}

size_t preconditions_alike(const struct precondition *first, size_t count)
{
	size_t alike = 1;

	while (alike < count && says_the_same(first, first + alike))
		alike++;
	return alike;
}

void preconditions_told(const struct precondition *first, size_t alike, struct buf *out)
{
	text_escape(out, first->code, strlen(first->code));
	for (size_t i = 0; i < alike && i < ALIKE_SHOWN && *first[i].component; i++) {
		buf_puts(out, i ? ", " : " ");
		text_escape(out, first[i].component, strlen(first[i].component));
	}
	if (alike > ALIKE_SHOWN)
		buf_printf(out, " and %zu more", alike - ALIKE_SHOWN);
	buf_puts(out, ": ");
	text_escape(out, first->message, strlen(first->message));
}

void preconditions_remedy(const struct precondition *first, size_t alike, struct buf *out)
{
	text_escape(out, first->remedy, alike > 1 ? remedy_length(first) : strlen(first->remedy));
}

bool preconditions_end_remedy(const struct plan *p, size_t index)
{
	const struct precondition *one = &p->preconditions[index];

	return index + 1 == p->precondition_count || strcmp(one->code, one[1].code) != 0 ||
	       strcmp(one->remedy, one[1].remedy) != 0;
}

bool step_is_as_before(const struct step *s)
{
	for (size_t i = 0; i < s->request_count; i++)
		if (!s->request[i].was || strcmp(s->request[i].was, s->request[i].value) != 0)
			return false;
	return true;
}

struct stepped stepped_sorted(const char **names, size_t count)
{
	return (struct stepped){ names, text_set(names, count) };
}

struct stepped plan_stepped(const struct plan *p, struct arena *a)
{
	const char **names = arena_array(a, p->step_count, sizeof(*names));
	size_t count = 0;

	for (size_t i = 0; i < p->step_count; i++)
		if (p->steps[i].component)
			names[count++] = p->steps[i].component;
	return stepped_sorted(names, count);
}

struct stepped plan_waiting_components(const struct plan *p, struct arena *a)
{
	const char **names = arena_array(a, p->step_count, sizeof(*names));
	size_t count = 0;

	for (size_t i = 0; i < p->step_count; i++)
		if (p->steps[i].waits_until)
			names[count++] = p->steps[i].component;
	return stepped_sorted(names, count);
}

struct stepped plan_left_components(const struct plan *p, struct arena *a)
{
	const char **names = arena_array(a, p->left_out_count, sizeof(*names));
	size_t count = 0;

	for (size_t i = 0; i < p->left_out_count; i++)
		if (p->left_out[i].component)
			names[count++] = p->left_out[i].component;
	return stepped_sorted(names, count);
}

bool stepped_has(const struct stepped *s, const char *component)
{
	return text_find(component, s->names, s->count, sizeof(*s->names)) != NULL;
}

bool left_out_awaits(const struct left_out *l)
{
	return !strcmp(l->code, PLAN_AWAITING_HANDOFF);
}

size_t plan_awaiting(const struct plan *p)
{
	size_t count = 0;

	for (size_t i = 0; i < p->left_out_count; i++)
		count += left_out_awaits(&p->left_out[i]);
	return count;
}

size_t plan_waiting(const struct plan *p, const int64_t *waits_until, int64_t *next)
{
	AUTO(arena) a = { 0 };
	const char **names = arena_array(&a, p->step_count, sizeof(*names));
	size_t count = 0;

	*next = 0;
	for (size_t i = 0; i < p->step_count; i++) {
		int64_t until = waits_until ? waits_until[i] : p->steps[i].waits_until;

		if (!until)
			continue;
		names[count++] = p->steps[i].component;
		if (!*next || until < *next)
			*next = until;
	}
	return stepped_sorted(names, count).count;
}

bool plan_accepts_copy(const struct plan *p, const char *copy)
{
	for (size_t i = 0; i < p->accepted_copy_count; i++)
		if (!strcmp(p->accepted_copies[i], copy))
			return true;
	return false;
}

bool plan_accepts(const struct plan *p, const char *code, const char *component)
{
	for (size_t i = 0; i < p->precondition_count; i++) {
		const struct precondition *c = &p->preconditions[i];

		if (c->acknowledged && !strcmp(c->code, code) && !strcmp(c->component, component))
			return true;
	}
	return false;
}
