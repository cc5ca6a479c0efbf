/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The records of a state: a key in the first line of each part, its value in
 * the rest.  They are kept in memory here; state_open() and the database
 * are another target's.
 */
#include "harness.h"

#include "base/alloc.h"
#include "base/vec.h"
#include "drivers/driver.h"
#include "engine/internal.h"
#include "state/enrolment_records.h"
#include "state/journal.h"
#include "state/state_internal.h"

#include <stdlib.h>

/* ---- a backend in memory ---- */

struct store {
	struct backend base;
	struct arena arena;
	VEC(struct stored_record) records; /* by key */
};

static bool get(struct backend *b, const char *key, struct arena *a, struct stored_record *out,
		struct err *e)
{
	struct store *s = (struct store *)b;

	(void)a;
	vec_each (r, &s->records) {
		if (strcmp(r->key, key))
			continue;
		*out = *r;
		return true;
	}
	return err_set(e, ERR_MISSING, "there is no '%s'", key);
}

static bool list(struct backend *b, const char *prefix, struct arena *a, struct stored_record **out,
		 size_t *count, struct err *e)
{
	struct store *s = (struct store *)b;
	struct stored_record *found = arena_array(a, s->records.count, sizeof(*found));

	(void)e;
	*count = 0;
	vec_each (r, &s->records)
		if (!strncmp(r->key, prefix, strlen(prefix)))
			found[(*count)++] = *r;
	*out = found;
	return true;
}

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct stored_record *)a)->key,
		      ((const struct stored_record *)b)->key);
}

static void put(struct store *s, const char *key, const char *value)
{
	size_t kept = 0;

	vec_each (r, &s->records)
		if (strcmp(r->key, key))
			s->records.items[kept++] = *r;
	s->records.count = kept;
	if (value)
		VEC_PUSH(&s->records, &s->arena,
			 (struct stored_record){ arena_strdup(&s->arena, key),
						 arena_strdup(&s->arena, value), 1 });
	if (s->records.count)
		qsort(s->records.items, s->records.count, sizeof(*s->records.items), compare);
}

static bool transact(struct backend *b, const struct transaction *t, int64_t *revision,
		     struct err *e)
{
	(void)e;
	for (size_t i = 0; i < t->write_count; i++)
		put((struct store *)b, t->writes[i].key, t->writes[i].value);
	*revision = 1;
	return true;
}

static bool take_lock(struct backend *b, const char *holder, int64_t wait_ms, struct err *e)
{
	(void)b;
	(void)holder;
	(void)wait_ms;
	(void)e;
	return true;
}

static void close_store(struct backend *b)
{
	struct store *s = (struct store *)b;

	arena_release(&s->arena);
	free(s);
}

static bool check_store(struct backend *b, struct err *e)
{
	(void)b;
	(void)e;
	return true;
}

static const struct backend_ops ops = { get, list, transact, take_lock, check_store, close_store };

static struct store *store_new(void)
{
	struct store *s = xcalloc(1, sizeof(*s));

	s->base.ops = &ops;
	return s;
}

/* ---- everything that can be read of it ---- */

static void read_generations(struct state *s, struct arena *a)
{
	const struct generation *g = NULL;
	size_t count = 0;
	struct err e = { 0 };

	if (!state_generations(s, a, &g, &count, &e)) {
		HOLDS(e.code != ERR_NONE);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		struct cert_set set = { 0 };
		AUTO(secret) key = { 0 };
		const char *json = NULL;

		HOLDS(g[i].owner && g[i].fingerprint && g[i].spki);
		TRY(state_certificates(s, &g[i], a, &set, &e));
		TRY(state_generation_record(s, &g[i], a, &json, &e));
		TRY(state_key(s, g[i].spki, &key, &e));
	}
}

static void read_components(struct state *s, struct arena *a)
{
	const struct component_seen *list = NULL;
	const char *const *reach = NULL;
	size_t count = 0;
	struct err e = { 0 };

	if (state_components(s, a, &list, &count, &e))
		for (size_t i = 0; i < count; i++) {
			struct deliver d = { 0 };

			HOLDS(list[i].name);
			if (list[i].deliver)
				TRY(deliver_from_text(list[i].deliver, a, &d, &e));
		}
	TRY(state_reach(s, a, &reach, &count, &e));
}

static void read_journal(struct state *s, struct arena *a)
{
	struct run_record *runs = NULL;
	struct run_record one = { 0 };
	struct step_record *steps = NULL;
	size_t count = 0;
	size_t step_count = 0;
	struct err e = { 0 };

	if (journal_runs(s, a, &runs, &count, &e))
		for (size_t i = 0; i < count; i++) {
			TRY(journal_run(s, runs[i].number, a, &one, &e));
			TRY(journal_run_steps(s, runs[i].number, a, &steps, &step_count, &e));
		}
	TRY(journal_open_run(s, a, &one, &e));
}

static void read_agents(struct state *s, struct arena *a)
{
	const struct invite *invites = NULL;
	const struct enrolled *agents = NULL;
	size_t count = 0;
	struct err e = { 0 };

	TRY(state_invites(s, a, &invites, &count, &e));
	TRY(state_enrolled(s, a, &agents, &count, &e));
}

static void rename_all(struct state *s)
{
	AUTO(change) c = change_new(s);
	struct err e = { 0 };

	change_rename_component(c, "front", "back");
	if (change_rename_owner(c, OF_CERTIFICATE, "shop", "store", &e))
		TRY(state_commit(s, c, &e));
}

static void read_all(struct state *s)
{
	AUTO(arena) a = { 0 };

	read_generations(s, &a);
	read_components(s, &a);
	read_journal(s, &a);
	read_agents(s, &a);
}

#define STATE_PASSPHRASE "correct horse battery staple"

static struct state *state_of(struct store *store)
{
	struct state *s = xcalloc(1, sizeof(*s));
	AUTO(arena) a = { 0 };
	struct stored_record r = { 0 };
	struct err e = { 0 };

	s->backend = &store->base;
	s->writable = true;
	s->meta = meta_new("shop", &s->arena);
	if (get(s->backend, META_KEY, &a, &r, &e))
		TRY(meta_read(&r, &s->arena, &s->meta, &e));
	s->meta_revision = 1;
	return s;
}

/* Whatever is in a state, the check gets through it. */
static void check_all(struct state *s)
{
	AUTO(arena) a = { 0 };
	struct flaw_list found = { .arena = &a };
	struct err e = { 0 };

	HOLDS(state_check_all(s, &found, &e));
}

void fuzz_one(const uint8_t *bytes, size_t len)
{
	struct feed f = { bytes, len };
	struct store *store = store_new();
	AUTO(secret) passphrase = secret_of(STATE_PASSPHRASE, strlen(STATE_PASSPHRASE));
	AUTO(state) s = NULL;
	struct err e = { 0 };

	while (!feed_is_empty(&f)) {
		AUTO(arena) a = { 0 };
		char *key = (char *)feed_part(&f, &a, NULL);
		char *value = strchr(key, '\n');

		if (!value)
			continue;
		*value = '\0';
		put(store, key, value + 1);
	}
	s = state_of(store);
	TRY(state_unseal(s, &(struct seal_secret){ &passphrase }, &e));
	read_all(s);
	rename_all(s);
	read_all(s);
	check_all(s);
}

/* ---- seeds: what a state writes ---- */

#define HASH "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const char *const words[] = { "shop.example.com", "10.0.0.5" };

static void write_some(struct state *s, struct change *c)
{
	const struct pair *p = fuzz_pair();
	const struct generation g = {
		.owner = "shop",
		.number = 1,
		.source = SOURCE_ISSUED,
		.fingerprint = p->facts.fingerprint,
		.spki = p->facts.spki,
		.chain = HASH,
		.serial = "01",
		.subject = "CN=shop",
		.issuer = "CN=Shop CA",
		.authority = HASH,
		.key = "ed25519",
		.request = "subject=CN=shop\n",
		.not_before = FUZZ_NOW,
		.not_after = FUZZ_NOW + 1,
	};
	const struct component_seen seen = {
		.name = "front",
		.now.online = true,
		.now.version = "1.2",
		.now.installed = HASH,
		.now.served = HASH,
		.certificate = "shop",
		.activation_due = HASH,
		.rejected = words,
		.rejected_count = 2,
		.deliver = "{\"kind\":\"files\",\"directory\":\"/etc/a\"}",
	};
	const struct invite i = { .id = "ab12",
				  .agent = "web1",
				  .issuer = "agents-ca",
				  .token = HASH,
				  .names = words,
				  .name_count = 2,
				  .validity = 1,
				  .expires = FUZZ_NOW };
	const struct enrolled agent = { .agent = "web1",
					.number = 1,
					.issuer = "agents-ca",
					.authority = HASH,
					.serial = "01",
					.fingerprint = HASH,
					.spki = HASH,
					.names = words,
					.name_count = 2 };
	struct err e = { 0 };

	change_generation(c, &g, &p->set);
	HOLDS(change_key(c, p->facts.spki, &p->key, &e));
	change_component(c, &seen);
	HOLDS(change_reach(c, words, 2, &e));
	change_invite(c, &i);
	change_enrolled(c, &agent);
	HOLDS(state_commit(s, c, &e) && state_observe(s, &seen, 1, &e));
}

static void seed_state(bool sealed)
{
	AUTO(secret) passphrase = secret_of(STATE_PASSPHRASE, strlen(STATE_PASSPHRASE));
	struct store *store = store_new();
	AUTO(state) s = state_of(store);
	AUTO(change) c = change_new(s);
	AUTO(buf) out = { 0 };
	const struct step_record step = {
		.number = 1, .kind = STEP_ISSUE, .certificate = "shop", .outcome = STEP_DONE
	};
	struct run_record run = {
		.plan_hash = HASH, .plan = "{\"steps\":[]}", .who = "root@here", .started = FUZZ_NOW
	};
	const struct seal_secret secret = { &passphrase };
	struct err e = { 0 };

	HOLDS(state_unseal(s, sealed ? &secret : NULL, &e) && journal_begin_run(s, &run, &e) &&
	      journal_step(s, &run, &step, &e));
	write_some(s, c);
	vec_each (r, &store->records)
		buf_printf(&out, "%s\n%s\n---\n", r->key, r->value);
	seed(out.data, out.len);
	vec_each (r, &store->records) {
		AUTO(buf) one = { 0 };

		buf_printf(&one, "%s\n%s", r->key, r->value);
		seed(one.data, one.len);
	}
}

void fuzz_seeds(void)
{
	seed_state(true);
	seed_state(false);
	seed_many("meta\n", "[", "");
	seed_many("", "component/a\n{}\n---\n", "");
	seed_many("", "generation/c/a/000001\n{}\n---\n", "");
	seed_many("", "reach/1\n[]\n---\n", "");
}
