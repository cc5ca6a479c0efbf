/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chain of the history.  A line is all records of a run: its own, its steps, its plan.  Its
 * hash is the SHA-256 of a list of these, each with the SHA-256 of its value, by key.
 */
#include "base/text.h"
#include "crypto/crypto.h"
#include "state/journal.h"
#include "state/records.h"
#include "state/state_internal.h"

#include <string.h>

static void hash_record(struct buf *list, const char *key, const char *value)
{
	char hash[SHA256_TEXT];

	sha256_text(value, strlen(value), hash);
	buf_printf(list, "%s %s\n", key, hash);
}

static bool hash_records(struct state *s, const char *prefix, struct buf *list, struct err *e)
{
	AUTO(arena) a = { 0 };
	struct stored_record *records = NULL;
	size_t count = 0;

	if (!s->backend->ops->list(s->backend, prefix, &a, &records, &count, e))
		return false;
	for (size_t i = 0; i < count; i++)
		hash_record(list, records[i].key, records[i].value);
	return true;
}

bool history_hash(struct state *s, unsigned run, const char *changed, struct arena *a,
		  const char **out, struct err *e)
{
	AUTO(arena) own = { 0 };
	AUTO(buf) list = { 0 };
	struct stored_record r = { 0 };
	char hash[SHA256_TEXT];

	buf_puts(&list, "certfleet-history-1\n");
	if (!changed) {
		if (!s->backend->ops->get(s->backend, run_key(&own, run), &own, &r, e))
			return false;
		changed = r.value;
	}
	hash_record(&list, run_key(&own, run), changed);
	if (!hash_records(s, steps_prefix(&own, run), &list, e) ||
	    !hash_records(s, plan_prefix(&own, run), &list, e))
		return false;
	sha256_text(list.data, list.len, hash);
	*out = arena_strdup(a, hash);
	return true;
}

/* ---- verification ---- */

/* What the lines so far say that the next one must follow. */
struct chain {
	struct state *state;
	struct flaw_list *flaws;
	unsigned next;      /* number of the line that is due */
	const char *sha256; /* of the line before it; NULL: not known */
	bool hashed;        /* the line before it has a hash itself */
};

static void chain_flaw(struct chain *c, const char *text)
{
	struct err flaw = { 0 };

	(void)err_set(&flaw, ERR_IO, "%s", text);
	flaw_add(c->flaws, &flaw);
}

static void chain_missing(struct chain *c, unsigned until)
{
	for (; c->next < until; c->next++) {
		AUTO(arena) a = { 0 };

		chain_flaw(c, arena_printf(&a, "run %u is missing", c->next));
		c->sha256 = NULL;
	}
}

/* The hash that `run` has of the line before. */
static void chain_link(struct chain *c, const struct run_record *run)
{
	AUTO(arena) a = { 0 };
	const char *previous = run->previous;

	if (!previous) {
		if (c->hashed)
			chain_flaw(c, arena_printf(&a, "run %u has lost the hash of the run before",
						   run->number));
		return;
	}
	if (!c->sha256)
		return; /* told already, or the line is of a lost state */
	if (strcmp(previous, c->sha256) != 0)
		chain_flaw(c, arena_printf(&a, "%s is not as it was when run %u began",
					   *c->sha256 ? arena_printf(&a, "run %u", run->number - 1)
						      : "what stands before the first run",
					   run->number));
	else
		c->flaws->records += *previous != '\0';
}

static bool chain_add(struct chain *c, const struct run_record *run, struct err *e)
{
	chain_missing(c, run->number);
	chain_link(c, run);
	c->hashed = run->previous != NULL;
	c->next = run->number + 1;
	return history_hash(c->state, run->number, NULL, &c->state->arena, &c->sha256, e);
}

/* The newest line has no line after it: the state has its hash once it is closed. */
static void chain_end(struct chain *c, const struct run_record *newest)
{
	const struct meta *m = &c->state->meta;
	AUTO(arena) a = { 0 };

	chain_missing(c, m->runs + 1);
	if (!newest || newest->number != m->runs || !c->hashed || !c->sha256)
		return;
	if (m->history.run != newest->number) {
		if (newest->ended)
			chain_flaw(c, arena_printf(&a, "the end of run %u was not recorded here",
						   newest->number));
	} else if (!m->history.sha256 || strcmp(m->history.sha256, c->sha256) != 0) {
		chain_flaw(c, arena_printf(&a, "run %u is not as it was when it ended",
					   newest->number));
	} else {
		c->flaws->records++;
	}
}

bool history_verify(struct state *s, struct flaw_list *out, struct err *e)
{
	AUTO(arena) a = { 0 };
	struct run_record *runs = NULL;
	size_t count = 0;
	size_t i = 0;
	struct chain c = { .state = s, .flaws = out, .next = s->meta.origin.run + 1 };

	if (!journal_runs(s, &a, &runs, &count, e))
		return false;
	/* with nothing before it, the first line says so */
	c.sha256 = s->meta.origin.run ? NULL : "";
	for (; i < count && runs[i].number <= s->meta.runs; i++)
		if (!chain_add(&c, &runs[i], e))
			return false;
	chain_end(&c, i ? &runs[i - 1] : NULL);
	for (; i < count; i++)
		chain_flaw(&c, arena_printf(&a, "run %u is none of this state", runs[i].number));
	return true;
}

bool history_compare(struct state *s, const struct history_head *head, const char *where,
		     struct flaw_list *out, struct err *e)
{
	AUTO(arena) a = { 0 };
	struct chain c = { .state = s, .flaws = out };
	const char *known = NULL;

	if (!head->run || head->run <= s->meta.origin.run)
		return true;
	if (!history_hash(s, head->run, NULL, &a, &known, e)) {
		if (!err_ignore(e, ERR_MISSING))
			return false;
		chain_flaw(&c,
			   arena_printf(&a, "run %u is missing, which %s knows", head->run, where));
		return true;
	}
	if (strcmp(known, head->sha256) != 0)
		chain_flaw(&c, arena_printf(&a, "run %u is not as %s knows it", head->run, where));
	return true;
}
