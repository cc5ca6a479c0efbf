/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver `etcd`: a pair published in etcd (v3, over its JSON gateway) for
 * readers such as confd, templates or the user's own programs.
 *
 * The keys below the KEY of the fleet file:
 *
 *	KEY/certificate   the leaf, as PEM
 *	KEY/chain         the chain above it, without the root; may be empty
 *	KEY/fullchain     leaf and chain
 *	KEY/key           the private key, PKCS#8 as PEM
 *	KEY/fingerprint   SHA-256 of the leaf, 64 lower-case hex digits
 *	KEY/revision      1, 2, 3...: incremented with every publication
 *
 * All change together in one transaction, so a reader that fetches them in one
 * transaction, or all at one etcd revision, never sees a mixture.  KEY/revision
 * is the key to watch.  Internal to the driver:
 *
 *	KEY/staged/FINGERPRINT/...   the pair that the next commit publishes
 *	KEY/previous/...             the pair that the last commit replaced
 *
 * Stage writes the staged pair and reads it back.  Commit moves it into place,
 * and the published pair to KEY/previous, if neither has been written since it
 * was read.  Abort deletes the staged pair; revert publishes KEY/previous again.
 * Probe does not fetch the private key: equal revisions of the keys show that
 * all were written at once.
 *
 * When a member does not answer, the next one is tried.  The conversation may be
 * repeated from the start at any point: every write is conditional, or below
 * KEY/staged, where only stage writes.
 *
 * The readers are unknown: the installed pair is known, the served one only
 * where a port can be probed.
 */
#include "drivers/driver_table.h"

#include "base/number.h"
#include "base/text.h"
#include "drivers/etcd_session.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum etcd_stage {
	ETCD_BEGIN,
	ETCD_LOGIN,
	ETCD_WORK
};

static const char *first_origin(const struct component *c)
{
	return c->deliver.etcd->endpoints[0];
}

static const char *next_origin(const struct component *c, unsigned number)
{
	const char *const *endpoints = c->deliver.etcd->endpoints;

	for (unsigned i = 0; i < number; i++)
		if (!endpoints[i])
			return NULL;
	return endpoints[number];
}

/* ---- reading the keys ---- */

static enum turn etcd_ask_all(struct visit *v, struct exchange *ask, struct err *e)
{
	const char *prefix = etcd_name(v, "");
	AUTO(etcd_txn) txn = { 0 };

	(void)e;
	etcd_txn_begin(&txn);
	etcd_range(&txn, prefix, etcd_prefix_end(v->arena, prefix));
	return etcd_ask(v, ask, &txn);
}

/* Requests all names, and all values except the private key. */
static enum turn ask_public(struct visit *v, struct exchange *ask, struct err *e)
{
	const char *prefix = etcd_name(v, "");
	AUTO(etcd_txn) txn = { 0 };

	(void)e;
	etcd_txn_begin(&txn);
	etcd_range_names(&txn, prefix, etcd_prefix_end(v->arena, prefix));
	for (size_t i = 0; i < ETCD_ENTRIES; i++)
		if (etcd_entries[i].part != FILE_KIND_KEY)
			etcd_range(&txn, etcd_name(v, etcd_entries[i].name), NULL);
	return etcd_ask(v, ask, &txn);
}

/* ---- probe and read ---- */

struct staged_search {
	const char *prefix;
	const char *found; /* NULL: none */
};

static void look_staged(void *ctx, const char *key)
{
	struct staged_search *s = ctx;
	size_t len = strlen(s->prefix);
	size_t digits = FINGERPRINT_TEXT - 1;

	if (!strncmp(key, s->prefix, len) && strlen(key) > len + digits &&
	    !strcmp(key + len + digits, "/fingerprint"))
		s->found = key + len;
}

static enum turn etcd_report(struct visit *v, struct exchange *ask, struct err *e)
{
	struct observation *a = &v->job->seen;
	struct staged_search s = { .prefix = etcd_name(v, "staged/") };

	(void)ask;
	(void)e;
	etcd_judge(v, false);
	a->online = true;
	installed_pair_observe(&etcd_talk(v)->held.verdict, a);
	etcd_each(etcd_talk(v)->reply, v->arena, look_staged, &s);
	if (s.found)
		s.found = arena_strndup(v->job->arena, s.found, FINGERPRINT_TEXT - 1);
	if (s.found && text_is_fingerprint(s.found))
		a->staged = s.found;
	return TURN_DONE;
}

static enum turn etcd_hand_over(struct visit *v, struct exchange *ask, struct err *e)
{
	(void)ask;
	etcd_judge(v, true);
	return reported_pair_give(&etcd_talk(v)->held, v->job, e) ? TURN_DONE : TURN_FAILED;
}

/* ---- stage and abort ---- */

/* Deletes leftovers of earlier stages: the key ranges before and after this fingerprint. */
static void drop_other_staged(const struct visit *v, struct etcd_txn *txn)
{
	const char *all = etcd_name(v, "staged/");
	const char *mine = etcd_staged(v, "");

	etcd_delete(txn, all, mine);
	etcd_delete(txn, etcd_prefix_end(v->arena, mine), etcd_prefix_end(v->arena, all));
}

static enum turn put_staged(struct visit *v, struct exchange *ask, struct err *e)
{
	AUTO(etcd_txn) txn = { 0 };
	AUTO(pair_files) pieces = { 0 };

	(void)e;
	etcd_txn_begin(&txn);
	etcd_job_pieces(v->job, &pieces);
	drop_other_staged(v, &txn);
	for (size_t i = 0; i < ETCD_ENTRIES; i++) {
		AUTO(secret) value = { 0 };

		etcd_entry_value(v->job, &pieces, &etcd_entries[i], &value);
		etcd_put(&txn, etcd_staged(v, etcd_entries[i].name), (const char *)value.bytes);
	}
	return etcd_ask(v, ask, &txn);
}

static enum turn ask_staged(struct visit *v, struct exchange *ask, struct err *e)
{
	const char *prefix = etcd_staged(v, "");
	AUTO(etcd_txn) txn = { 0 };

	(void)e;
	etcd_txn_begin(&txn);
	etcd_range(&txn, prefix, etcd_prefix_end(v->arena, prefix));
	return etcd_ask(v, ask, &txn);
}

static enum turn check_staged(struct visit *v, struct exchange *ask, struct err *e)
{
	AUTO(pair_files) pieces = { 0 };

	(void)ask;
	etcd_job_pieces(v->job, &pieces);
	for (size_t i = 0; i < ETCD_ENTRIES; i++) {
		const char *name = etcd_staged(v, etcd_entries[i].name);
		const json_t *found = etcd_find(etcd_talk(v)->reply, name);
		AUTO(secret) value = { 0 };

		etcd_entry_value(v->job, &pieces, &etcd_entries[i], &value);
		if (found && !strcmp(etcd_value(found), (char *)value.bytes))
			continue;
		err_set(e, ERR_REMOTE, "'%s' is not what was written there a moment ago", name);
		return TURN_FAILED;
	}
	return TURN_DONE;
}

static enum turn drop_staged(struct visit *v, struct exchange *ask, struct err *e)
{
	const char *prefix = etcd_staged(v, "");
	AUTO(etcd_txn) txn = { 0 };

	(void)e;
	etcd_txn_begin(&txn);
	etcd_delete(&txn, prefix, etcd_prefix_end(v->arena, prefix));
	return etcd_ask(v, ask, &txn);
}

static enum turn done(struct visit *v, struct exchange *ask, struct err *e)
{
	(void)v;
	(void)ask;
	(void)e;
	return TURN_DONE;
}

/* ---- commit, revert and remove: conditional writes ---- */

/* Makes the transaction conditional on no change to these entries since they were read. */
static void expect_same(const struct visit *v, struct etcd_txn *txn, etcd_name_fn *names)
{
	for (size_t i = 0; i < ETCD_ENTRIES; i++) {
		const char *name = names(v, etcd_entries[i].name);

		etcd_expect(txn, name, etcd_revision(etcd_find(etcd_talk(v)->reply, name)));
	}
}

static void copy(const struct visit *v, struct etcd_txn *txn, etcd_name_fn *from, etcd_name_fn *to)
{
	for (size_t i = 0; i < ETCD_ENTRIES; i++) {
		const char *target = to(v, etcd_entries[i].name);
		const json_t *found = etcd_find(etcd_talk(v)->reply, from(v, etcd_entries[i].name));

		if (found)
			etcd_put(txn, target, etcd_value(found));
		else
			etcd_delete(txn, target, NULL);
	}
}

static void etcd_drop(const struct visit *v, struct etcd_txn *txn, const char *below)
{
	const char *prefix = etcd_name(v, below);

	etcd_delete(txn, prefix, etcd_prefix_end(v->arena, prefix));
}

static void count_up(const struct visit *v, struct etcd_txn *txn)
{
	const char *name = etcd_name(v, "revision");
	const json_t *found = etcd_find(etcd_talk(v)->reply, name);
	AUTO(secret) text = { 0 };
	uint64_t number = 0;

	if (found && etcd_plain(found, &text))
		number = strtoull((const char *)text.bytes, NULL, 10);
	if (number >= NUMBER_LIMIT) /* not our counter: restart at 1 */
		number = 0;
	etcd_expect(txn, name, etcd_revision(found));
	etcd_put_plain(txn, name, arena_printf(v->arena, "%" PRIu64, number + 1));
}

/* A repaired pair has the same leaf as before, so the empty staging area tells. */
static bool is_committed(const struct visit *v)
{
	const struct job *j = v->job;
	bool mended = j->replaces && !strcmp(j->replaces, j->fingerprint);

	return etcd_holds(v, j->fingerprint) &&
	       (!mended || !*etcd_leaf(v, etcd_staged(v, "certificate")));
}

static bool may_commit(const struct visit *v, struct err *e)
{
	const char *staged = etcd_leaf(v, etcd_staged(v, "certificate"));

	if (!reported_pair_is_expected(&etcd_talk(v)->held, v->job, e))
		return false;
	return !strcmp(staged, v->job->fingerprint) ||
	       err_set(e, ERR_MISSING, "'%s' holds no such pair", etcd_staged(v, ""));
}

static enum turn switch_over(struct visit *v, struct exchange *ask, struct err *e)
{
	AUTO(etcd_txn) txn = { 0 };

	etcd_judge(v, true);
	if (is_committed(v))
		return TURN_DONE;
	if (!may_commit(v, e))
		return TURN_FAILED;
	etcd_txn_begin(&txn);
	expect_same(v, &txn, etcd_name);
	expect_same(v, &txn, etcd_staged);
	copy(v, &txn, etcd_name, etcd_previous);
	copy(v, &txn, etcd_staged, etcd_name);
	count_up(v, &txn);
	etcd_drop(v, &txn, "staged/");
	return etcd_ask(v, ask, &txn);
}

static void take_away(const struct visit *v, struct etcd_txn *txn)
{
	for (size_t i = 0; i < ETCD_ENTRIES; i++)
		etcd_delete(txn, etcd_name(v, etcd_entries[i].name), NULL);
	etcd_delete(txn, etcd_name(v, "revision"), NULL);
}

static bool has_previous(const struct visit *v, struct err *e)
{
	const char *previous = etcd_leaf(v, etcd_previous(v, "certificate"));

	return !*v->job->fingerprint || !strcmp(previous, v->job->fingerprint) ||
	       err_set(e, ERR_MISSING, "'%s' does not hold %.12s", etcd_previous(v, ""),
		       v->job->fingerprint);
}

static enum turn put_back(struct visit *v, struct exchange *ask, struct err *e)
{
	AUTO(etcd_txn) txn = { 0 };

	etcd_judge(v, true);
	if (etcd_holds(v, v->job->fingerprint))
		return TURN_DONE;
	if (!has_previous(v, e))
		return TURN_FAILED;
	etcd_txn_begin(&txn);
	expect_same(v, &txn, etcd_name);
	expect_same(v, &txn, etcd_previous);
	if (*v->job->fingerprint) {
		copy(v, &txn, etcd_previous, etcd_name);
		count_up(v, &txn);
	} else {
		take_away(v, &txn);
	}
	etcd_drop(v, &txn, "previous/");
	return etcd_ask(v, ask, &txn);
}

/* Removes everything, unless another writer has published a pair since. */
static enum turn drop_all(struct visit *v, struct exchange *ask, struct err *e)
{
	const char *last = v->job->fingerprint;
	AUTO(etcd_txn) txn = { 0 };

	(void)e;
	etcd_judge(v, true);
	if (last && *last && !etcd_holds(v, last))
		return TURN_DONE;
	etcd_txn_begin(&txn);
	expect_same(v, &txn, etcd_name);
	take_away(v, &txn);
	etcd_drop(v, &txn, "staged/");
	etcd_drop(v, &txn, "previous/");
	return etcd_ask(v, ask, &txn);
}

/*
 * Handles the reply to the transaction.  After a failed comparison the keys are
 * read again: an earlier attempt may have succeeded, its reply lost.
 */
static enum turn switched(struct visit *v, struct exchange *ask, struct err *e)
{
	if (etcd_succeeded(etcd_talk(v)->reply))
		return TURN_DONE;
	return etcd_ask_all(v, ask, e);
}

static bool is_settled(const struct visit *v)
{
	if (v->job->verb == DRIVER_COMMIT)
		return is_committed(v);
	if (v->job->verb == DRIVER_REMOVE)
		return etcd_holds(v, "");
	return etcd_holds(v, v->job->fingerprint);
}

static enum turn etcd_finish(struct visit *v, struct exchange *ask, struct err *e)
{
	(void)ask;
	reported_pair_release(&etcd_talk(v)->held);
	etcd_judge(v, true);
	if (is_settled(v))
		return TURN_DONE;
	err_set(e, ERR_STALE, "another client changed the keys below '%s' meanwhile",
		etcd_of(v)->key);
	return TURN_FAILED;
}

/* ---- the steps of each verb ---- */

enum {
	STEPS = 4
};

/* Each step handles the reply to the request of the step before. */
static driver_turn_fn *const courses[DRIVER_VERB_COUNT][STEPS] = {
	[DRIVER_PROBE] = { ask_public, etcd_report },
	[DRIVER_STAGE] = { put_staged, ask_staged, check_staged },
	[DRIVER_COMMIT] = { etcd_ask_all, switch_over, switched, etcd_finish },
	[DRIVER_ABORT] = { drop_staged, done },
	[DRIVER_REVERT] = { etcd_ask_all, put_back, switched, etcd_finish },
	[DRIVER_REMOVE] = { etcd_ask_all, drop_all, switched, etcd_finish },
	[DRIVER_READ] = { etcd_ask_all, etcd_hand_over },
};

static enum turn next_step(struct visit *v, struct exchange *ask, struct err *e)
{
	return courses[v->job->verb][etcd_talk(v)->step++](v, ask, e);
}

static enum turn etcd_start(struct visit *v, struct exchange *ask, struct err *e)
{
	if (!etcd_talk_begin(v, e))
		return TURN_FAILED;
	v->stage = etcd_needs_login(v) ? ETCD_LOGIN : ETCD_WORK;
	return v->stage == ETCD_LOGIN ? etcd_ask_login(v, ask, e) : next_step(v, ask, e);
}

static enum turn etcd_converse(struct visit *v, struct exchange *ask, struct err *e)
{
	switch ((enum etcd_stage)v->stage) {
	case ETCD_BEGIN:
		return etcd_start(v, ask, e);
	case ETCD_LOGIN:
		if (!etcd_take_token(v, e))
			return TURN_FAILED;
		v->stage = ETCD_WORK;
		break;
	case ETCD_WORK:
		if (!etcd_take(v, e))
			return TURN_FAILED;
		break;
	}
	return next_step(v, ask, e);
}

/* Readers watch the keys themselves, or the component has an `activate` of its own. */
static bool etcd_activate(struct job *j, struct err *e)
{
	(void)j;
	(void)e;
	return true;
}

const struct driver etcd_driver = {
	.verbs = { [DRIVER_ACTIVATE] = etcd_activate },
	.turns = {
		[DRIVER_PROBE] = etcd_converse,
		[DRIVER_STAGE] = etcd_converse,
		[DRIVER_COMMIT] = etcd_converse,
		[DRIVER_ABORT] = etcd_converse,
		[DRIVER_REVERT] = etcd_converse,
		[DRIVER_REMOVE] = etcd_converse,
		[DRIVER_READ] = etcd_converse,
	},
	.origin = first_origin,
	.next_origin = next_origin,
	.forget = etcd_talk_end,
};
