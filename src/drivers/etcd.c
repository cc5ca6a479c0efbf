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
 * When a member does not answer, the next one is tried.  The session may be
 * repeated from the start at any point: every write is conditional, or below
 * KEY/staged, where only stage writes.
 *
 * The readers are unknown: the installed pair is known, the served one only
 * where a port can be probed.
 */
#include "drivers/driver_table.h"

#include "base/number.h"
#include "base/text.h"
#include "drivers/deliver_record.h"
#include "drivers/etcd_session.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *first_origin(const struct component *c)
{
	return c->deliver.etcd->endpoints[0];
}

/* ---- reading the keys ---- */

static bool read_all(struct driver_session *v, struct err *e)
{
	const char *prefix = etcd_name(v, "");
	AUTO(etcd_txn) txn = { 0 };

	etcd_txn_begin(&txn);
	etcd_range(&txn, prefix, etcd_prefix_end(v->arena, prefix));
	return etcd_send(v, &txn, e);
}

/* Reads all names, and all values except the private key. */
static bool read_public(struct driver_session *v, struct err *e)
{
	const char *prefix = etcd_name(v, "");
	AUTO(etcd_txn) txn = { 0 };

	etcd_txn_begin(&txn);
	etcd_range_names(&txn, prefix, etcd_prefix_end(v->arena, prefix));
	for (size_t i = 0; i < ETCD_ENTRIES; i++)
		if (etcd_entries[i].part != FILE_KIND_KEY)
			etcd_range(&txn, etcd_name(v, etcd_entries[i].name), NULL);
	return etcd_send(v, &txn, e);
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

static bool etcd_probe(struct driver_session *v, struct err *e)
{
	struct observation *seen = &v->job->seen;
	struct staged_search s = { .prefix = etcd_name(v, "staged/") };

	if (!read_public(v, e))
		return false;
	etcd_judge(v, false);
	seen->online = true;
	installed_pair_observe(&etcd_session(v)->held.verdict, seen);
	etcd_each(etcd_session(v)->reply, v->arena, look_staged, &s);
	if (s.found)
		s.found = arena_strndup(v->job->arena, s.found, FINGERPRINT_TEXT - 1);
	if (s.found && text_is_fingerprint(s.found))
		seen->staged = s.found;
	return true;
}

static bool etcd_read(struct driver_session *v, struct err *e)
{
	if (!read_all(v, e))
		return false;
	etcd_judge(v, true);
	return reported_pair_give(&etcd_session(v)->held, v->job, e);
}

/* ---- stage and abort ---- */

/* Deletes leftovers of earlier stages: the key ranges before and after this fingerprint. */
static void drop_other_staged(const struct driver_session *v, struct etcd_txn *txn)
{
	const char *all = etcd_name(v, "staged/");
	const char *mine = etcd_staged(v, "");

	etcd_delete(txn, all, mine);
	etcd_delete(txn, etcd_prefix_end(v->arena, mine), etcd_prefix_end(v->arena, all));
}

static bool put_staged(struct driver_session *v, struct err *e)
{
	AUTO(etcd_txn) txn = { 0 };
	AUTO(pair_files) pieces = { 0 };

	etcd_txn_begin(&txn);
	etcd_job_pieces(v->job, &pieces);
	drop_other_staged(v, &txn);
	for (size_t i = 0; i < ETCD_ENTRIES; i++) {
		AUTO(secret) value = { 0 };

		etcd_entry_value(v->job, &pieces, &etcd_entries[i], &value);
		etcd_put(&txn, etcd_staged(v, etcd_entries[i].name), (const char *)value.bytes);
	}
	return etcd_send(v, &txn, e);
}

static bool check_staged(struct driver_session *v, struct err *e)
{
	AUTO(pair_files) pieces = { 0 };

	etcd_job_pieces(v->job, &pieces);
	for (size_t i = 0; i < ETCD_ENTRIES; i++) {
		const char *name = etcd_staged(v, etcd_entries[i].name);
		const json_t *found = etcd_find(etcd_session(v)->reply, name);
		AUTO(secret) value = { 0 };

		etcd_entry_value(v->job, &pieces, &etcd_entries[i], &value);
		if (!found || strcmp(etcd_value(found), (char *)value.bytes) != 0)
			return err_set(e, ERR_REMOTE,
				       "'%s' is not what was written there a moment ago", name);
	}
	return true;
}

static bool etcd_stage(struct driver_session *v, struct err *e)
{
	const char *prefix = etcd_staged(v, "");
	AUTO(etcd_txn) txn = { 0 };

	if (!put_staged(v, e))
		return false;
	etcd_txn_begin(&txn);
	etcd_range(&txn, prefix, etcd_prefix_end(v->arena, prefix));
	return etcd_send(v, &txn, e) && check_staged(v, e);
}

static bool etcd_abort(struct driver_session *v, struct err *e)
{
	const char *prefix = etcd_staged(v, "");
	AUTO(etcd_txn) txn = { 0 };

	etcd_txn_begin(&txn);
	etcd_delete(&txn, prefix, etcd_prefix_end(v->arena, prefix));
	return etcd_send(v, &txn, e);
}

/* ---- commit, revert and remove: conditional writes ---- */

/* Makes the transaction conditional on no change to these entries since they were read. */
static void expect_same(const struct driver_session *v, struct etcd_txn *txn, etcd_name_fn *names)
{
	for (size_t i = 0; i < ETCD_ENTRIES; i++) {
		const char *name = names(v, etcd_entries[i].name);

		etcd_expect(txn, name, etcd_revision(etcd_find(etcd_session(v)->reply, name)));
	}
}

static void copy(const struct driver_session *v, struct etcd_txn *txn, etcd_name_fn *from,
		 etcd_name_fn *to)
{
	for (size_t i = 0; i < ETCD_ENTRIES; i++) {
		const char *target = to(v, etcd_entries[i].name);
		const json_t *found =
			etcd_find(etcd_session(v)->reply, from(v, etcd_entries[i].name));

		if (found)
			etcd_put(txn, target, etcd_value(found));
		else
			etcd_delete(txn, target, NULL);
	}
}

static void etcd_drop(const struct driver_session *v, struct etcd_txn *txn, const char *below)
{
	const char *prefix = etcd_name(v, below);

	etcd_delete(txn, prefix, etcd_prefix_end(v->arena, prefix));
}

static void count_up(const struct driver_session *v, struct etcd_txn *txn)
{
	const char *name = etcd_name(v, "revision");
	const json_t *found = etcd_find(etcd_session(v)->reply, name);
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
static bool is_committed(const struct driver_session *v)
{
	const struct job *j = v->job;

	return etcd_holds(v, j->fingerprint) &&
	       (!job_mends(j) || !*etcd_leaf(v, etcd_staged(v, "certificate")));
}

static bool may_commit(const struct driver_session *v, struct err *e)
{
	const char *staged = etcd_leaf(v, etcd_staged(v, "certificate"));

	if (!reported_pair_is_expected(&etcd_session(v)->held, v->job, e))
		return false;
	return !strcmp(staged, v->job->fingerprint) ||
	       err_set(e, ERR_MISSING, "'%s' holds no such pair", etcd_staged(v, ""));
}

static bool is_settled(const struct driver_session *v)
{
	if (v->job->verb == DRIVER_COMMIT)
		return is_committed(v);
	return etcd_holds(v, v->job->verb == DRIVER_REMOVE ? "" : v->job->fingerprint);
}

/*
 * Sends the conditional transaction.  When a comparison fails, the keys are read
 * again: an earlier attempt may have succeeded, its reply lost.
 */
static bool etcd_switch(struct driver_session *v, const struct etcd_txn *txn, struct err *e)
{
	struct etcd_session *t = etcd_session(v);

	if (!etcd_send(v, txn, e))
		return false;
	if (etcd_succeeded(t->reply))
		return true;
	if (!read_all(v, e))
		return false;
	reported_pair_release(&t->held);
	etcd_judge(v, true);
	return is_settled(v) ||
	       err_set(e, ERR_STALE, "another client changed the keys below '%s' meanwhile",
		       etcd_of(v)->key);
}

static bool etcd_commit(struct driver_session *v, struct err *e)
{
	AUTO(etcd_txn) txn = { 0 };

	if (!read_all(v, e))
		return false;
	etcd_judge(v, true);
	if (is_committed(v))
		return true;
	if (!may_commit(v, e))
		return false;
	etcd_txn_begin(&txn);
	expect_same(v, &txn, etcd_name);
	expect_same(v, &txn, etcd_staged);
	copy(v, &txn, etcd_name, etcd_previous);
	copy(v, &txn, etcd_staged, etcd_name);
	count_up(v, &txn);
	etcd_drop(v, &txn, "staged/");
	return etcd_switch(v, &txn, e);
}

static void take_away(const struct driver_session *v, struct etcd_txn *txn)
{
	for (size_t i = 0; i < ETCD_ENTRIES; i++)
		etcd_delete(txn, etcd_name(v, etcd_entries[i].name), NULL);
	etcd_delete(txn, etcd_name(v, "revision"), NULL);
}

static bool has_previous(const struct driver_session *v, struct err *e)
{
	const char *previous = etcd_leaf(v, etcd_previous(v, "certificate"));

	return !*v->job->fingerprint || !strcmp(previous, v->job->fingerprint) ||
	       err_set(e, ERR_MISSING, "'%s' does not hold %.12s", etcd_previous(v, ""),
		       v->job->fingerprint);
}

static bool etcd_revert(struct driver_session *v, struct err *e)
{
	AUTO(etcd_txn) txn = { 0 };

	if (!read_all(v, e))
		return false;
	etcd_judge(v, true);
	if (etcd_holds(v, v->job->fingerprint))
		return true;
	if (!has_previous(v, e))
		return false;
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
	return etcd_switch(v, &txn, e);
}

/* Removes everything, unless another writer has published a pair since. */
static bool etcd_remove(struct driver_session *v, struct err *e)
{
	const char *last = v->job->fingerprint;
	AUTO(etcd_txn) txn = { 0 };

	if (!read_all(v, e))
		return false;
	etcd_judge(v, true);
	if (last && *last && !etcd_holds(v, last))
		return true;
	etcd_txn_begin(&txn);
	expect_same(v, &txn, etcd_name);
	take_away(v, &txn);
	etcd_drop(v, &txn, "staged/");
	etcd_drop(v, &txn, "previous/");
	return etcd_switch(v, &txn, e);
}

/* ---- the members ---- */

static driver_session_fn *const etcd_verbs[DRIVER_VERB_COUNT] = {
	[DRIVER_PROBE] = etcd_probe, [DRIVER_STAGE] = etcd_stage,   [DRIVER_COMMIT] = etcd_commit,
	[DRIVER_ABORT] = etcd_abort, [DRIVER_REVERT] = etcd_revert, [DRIVER_REMOVE] = etcd_remove,
	[DRIVER_READ] = etcd_read,
};

/* Runs the verb with one member after the other, until one answers. */
static bool etcd_run(struct driver_session *v, struct err *e)
{
	const char *const *member = etcd_of(v)->endpoints;

	for (;;) {
		struct etcd_session *t = ARENA_NEW(v->arena, struct etcd_session);
		bool good = false;

		v->memory = t;
		*e = (struct err){ 0 };
		good = etcd_session_begin(v, e) && etcd_verbs[v->job->verb](v, e);
		etcd_session_release(t);
		if (good || !t->unreached || !*++member)
			return good;
		v->origin = *member;
	}
}

/* Readers watch the keys themselves, or the component has an `activate` of its own. */
static bool etcd_activate(struct job *j, struct err *e)
{
	(void)j;
	(void)e;
	return true;
}

static const struct member kept_etcd_members[] = {
	WORDS_MEMBER("endpoints", struct etcd, endpoints, .least = 1),
	TEXT_MEMBER("key", struct etcd, key),
	ACCESS_MEMBERS(struct etcd),
	{ 0 },
};

static const struct member kept_etcd[] = {
	POINTER_MEMBER("etcd", struct deliver, etcd, kept_etcd_members, .absent = ABSENT_OMITTED),
	{ 0 },
};

const struct driver etcd_driver = {
	.calls = { [DRIVER_ACTIVATE] = etcd_activate },
	.kept = kept_etcd,
	.sessions = {
		[DRIVER_PROBE] = etcd_run,
		[DRIVER_STAGE] = etcd_run,
		[DRIVER_COMMIT] = etcd_run,
		[DRIVER_ABORT] = etcd_run,
		[DRIVER_REVERT] = etcd_run,
		[DRIVER_REMOVE] = etcd_run,
		[DRIVER_READ] = etcd_run,
	},
	.origin = first_origin,
};
