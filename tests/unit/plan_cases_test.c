/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs tests/plan/NAME.case: one decision of the planner each, input and
 * expectation in one file.
 *
 *	--- now        a time; without it 2026-11-23T08:00:00Z
 *	--- choices    target T | ack CODE[:T] | reissue NAME | until T |
 *	               use NAME@WHICH, where WHICH may be a generation here |
 *	               restart-postponed | unapproved | ignore-windows REASON | over-limits REASON |
 *broken CERTIFICATE [WEB/1], the issue step of a plan to go on with and what it replaces |
 *from-backup, with what the lines "bundle" hold
 *	--- fleet      the fleet file after a standard head
 *	--- snapshot   one thing a line, see below
 *	--- expect     preconditions, steps, waves; or the error
 *	--- text       instead of it: the plan as people read it
 *	--- markdown   or as a comment of a pull request
 *
 * Snapshot lines.  A generation is called OWNER/NUMBER everywhere; "-" means
 * that nothing is there and "?" that it is unknown.  A component that is not
 * listed was never seen.
 *
 *	no-state | orphan PATH | recorded LINEAGE | newer PATH | serial N
 *	reached nothing | reached "KIND WHAT"; without one all was reached
 *	authority CA/1 [not_after=T] [request.FIELD=VALUE] [unsaved] [pending]
 *		[subject="..."], of one that left the fleet file
 *		[reissued] [held=T [held.FIELD=VALUE]]
 *	generation WEB/1 [imported|found] [authority=CA/1] [chain=X] and those,
 *		of an imported one what clients see, when any of it is given:
 *		[names="a.example *.b.example"] [purpose=client] [gap="..."]
 *		[chain_ends=T] [issuer-known]
 *	bundle WEB/1 and what a generation may have: the newest one of its
 *		certificate in the bundle of --from-backup
 *	import NAME missing | error="..." | holds=NAME/2 [chain=X]
 *		[not_after=T] and what clients see |
 *		unopened [file=HASH] [missing]
 *	published CA current | outdated [unwritable="..."]
 *	backup unwritable="..."
 *	copy NAME [missing=BUNDLE] [error="..."]
 *	foreign KEY "SUBJECT" path=P | component=C installed|served
 *	accepted KEY
 *	operators ISSUER, which signs the operator
 *	undeclared NAME@HOST, a collector that is no component
 *	approvals CLASS... [changed], of two signers
 *	renamed KIND OLD NEW, in what is listed under NEW here
 *	component NAME [offline] [unseen] [unknown] [remove] [failed] [deferred]
 *		[installed=WEB/1] [served=] [chain=X] [flaw="..."]
 *		[damage="..."] [attr_flaw="..."] [error="..."] [unwritable="..."]
 *		[left="..."]
 *		[rejected=WEB/2] [due=WEB/1] [certificate=WEB]
 *		[served_not_after=T] [clock_ahead=SECONDS]
 *		[order_taken=N] [order_given=N] [order_from=LINEAGE] [restored]
 *		[activation=none|swap|reload|restart]
 *		[doubt="..."] [untrusted="..."] [denied="..."] [not_running="..."]
 *		[unverifiable="..."] [plain="..."] [refused=yes] [no_secret="..."]
 *		[acknowledged=CODE:WEB/1] [staged=WEB/1]
 *	written PATH [pair=WEB/1] [unfinished] [unwritable="..."]
 *
 * With PLAN_CASES_WRITE=1 in the environment the expectations are written
 * instead of compared: read them before they are kept.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/text.h"
#include "config/load.h"
#include "model/approval.h"
#include "model/client_view.h"
#include "model/issue_request.h"
#include "plan_fixture.h"

#include <dirent.h>
#include <limits.h>
#include <unistd.h>

enum {
	CASE_LIMIT = 64 * 1024,
	WORDS_LIMIT = 16,
};

AUTO_TYPE(text, char *, free)

static const char head[] = "certfleet: 1\n"
			   "fleet: test\n"
			   "backup: {directory: backups, passphrase: {env: CERTFLEET_TEST}}\n";

/* A generation's name and fingerprint, to show the one for the other. */
struct label {
	const char *name;
	const char *fingerprint;
};

struct scene {
	struct arena a;
	int64_t now;
	struct fleet fleet;
	struct snapshot snapshot;
	VEC(struct generation) generations;
	VEC(struct generation) bundle;
	VEC(struct import_seen) imports;
	VEC(struct publish_seen) published;
	VEC(struct written_file) written;
	VEC(struct component_seen) components;
	VEC(const char *) targets;
	VEC(const char *) acks;
	VEC(const char *) reissue;
	VEC(const char *) use;
	VEC(const char *) handed_over;
	int64_t until;
	VEC(struct step) broken;
	VEC(const char *) reached;
	VEC(struct foreign_authority) foreign;
	VEC(const char *) accepted;
	VEC(const char *) operators;
	VEC(const char *) undeclared;
	VEC(struct renamed_seen) renamed;
	VEC(struct copy_seen) copies;
	bool reach_given;
	bool restart_postponed;
	bool unapproved;
	const char *ignore_windows;
	const char *over_limits;
	struct source_bundle source;
	VEC(struct label) labels;
};

static void scene_release(struct scene *s)
{
	fleet_release(&s->fleet);
	arena_release(&s->a);
}
AUTO_STRUCT(scene, struct scene, scene_release)

/* ---- one line of a section ---- */

struct words {
	const char *items[WORDS_LIMIT];
	size_t count;
};

/* Words at blanks; a value in double quotes may hold them. */
static struct words split(struct scene *s, const char *line)
{
	struct words w = { 0 };
	AUTO(buf) word = { 0 };
	bool quoted = false;

	for (;; line++) {
		if (*line == '"') {
			quoted = !quoted;
		} else if (*line && (quoted || *line != ' ')) {
			buf_putc(&word, *line);
		} else if (word.len) {
			assert_true(w.count < WORDS_LIMIT);
			w.items[w.count++] = arena_strdup(&s->a, buf_text(&word));
			buf_release(&word);
			word = (struct buf){ 0 };
		}
		if (!*line)
			return w;
	}
}

static bool has(const struct words *w, const char *flag)
{
	for (size_t i = 1; i < w->count; i++)
		if (!strcmp(w->items[i], flag))
			return true;
	return false;
}

static const char *value(const struct words *w, const char *key)
{
	size_t len = strlen(key);

	for (size_t i = 1; i < w->count; i++)
		if (!strncmp(w->items[i], key, len) && w->items[i][len] == '=')
			return w->items[i] + len + 1;
	return NULL;
}

static int64_t time_of(const struct words *w, const char *key, int64_t other)
{
	const char *text = value(w, key);
	int64_t when = other;

	if (text && !time_parse(text, &when))
		fail_msg("'%s' is no time", text);
	return when;
}

static const char *fingerprint(struct scene *s, const char *name)
{
	vec_each (known, &s->labels)
		if (!strcmp(known->name, name))
			return known->fingerprint;

	struct label new = { name, world_fingerprint(&s->a, name) };

	VEC_PUSH(&s->labels, &s->a, new);
	return new.fingerprint;
}

/* "-", "?" or the name of a generation. */
static const char *seen_fingerprint(struct scene *s, const struct words *w, const char *key)
{
	const char *name = value(w, key);

	if (!name || !strcmp(name, "-"))
		return "";
	return strcmp(name, "?") ? fingerprint(s, name) : NULL;
}

/* ---- the snapshot ---- */

/* `request.FIELD=VALUE` puts VALUE where the fleet file asks otherwise. */
static const char *changed_request(struct scene *s, const char *request, const char *change)
{
	size_t key = strcspn(change, "=");
	AUTO(buf) out = { 0 };

	for (const char *line = request; *line;) {
		size_t len = strcspn(line, "\n") + 1;

		if (!strncmp(line, change, key + 1))
			buf_printf(&out, "%s\n", change);
		else
			buf_add(&out, line, len);
		line += len;
	}
	return arena_strdup(&s->a, buf_text(&out));
}

static const char *asked_for(struct scene *s, const struct generation *g)
{
	const struct issuer *i = fleet_issuer(&s->fleet, g->owner);
	const struct certificate *c = fleet_certificate(&s->fleet, g->owner);

	if (g->of == OF_ISSUER)
		return i ? issuer_request(i, &s->a) : "";
	return c && !c->import.kind ? certificate_request(c, &s->a) : "";
}

static const char *signer(struct scene *s, const struct generation *g, const struct words *w)
{
	const struct certificate *c = fleet_certificate(&s->fleet, g->owner);
	const char *named = value(w, "authority");

	if (named)
		return fingerprint(s, named);
	if (g->of == OF_ISSUER || !c || !c->issuer || c->issuer->kind != ISSUER_MANAGED)
		return "";
	return fingerprint(s, arena_printf(&s->a, "%s/1", c->issuer->name));
}

static const struct san *dns_names(struct scene *s, const char *text, size_t *count)
{
	struct san *names = arena_array(&s->a, strlen(text) + 1, sizeof(*names));

	for (*count = 0; *text; text += strspn(text, " ")) {
		size_t len = strcspn(text, " ");

		names[(*count)++] = (struct san){ NAME_DNS, arena_strndup(&s->a, text, len) };
		text += len;
	}
	return names;
}

static const struct client_view *client_view(struct scene *s, const struct words *w,
					     const struct generation *g)
{
	struct client_view *out = ARENA_NEW(&s->a, struct client_view);
	const char *names = value(w, "names");
	const char *purpose = value(w, "purpose");

	if (!names && !purpose && !value(w, "gap") && !value(w, "chain_ends"))
		return NULL;
	*out = (struct client_view){
		.purpose = purpose && !strcmp(purpose, "client") ? PURPOSE_CLIENT : PURPOSE_SERVER,
		.gap = value(w, "gap"),
		.issuer_known = has(w, "issuer-known"),
		.from = g->not_before,
		.until = time_of(w, "chain_ends", g->not_after),
		.begins = "the leaf 'CN=x'",
		.ends = value(w, "chain_ends") ? "the chain certificate 'CN=middle'"
					       : "the leaf 'CN=x'",
	};
	out->names = dns_names(s, names ? names : "", &out->name_count);
	return out;
}

static void add_generation(struct scene *s, const struct words *w)
{
	const char *name = w->items[1];
	const char *number = strrchr(name, '/');

	assert_non_null(number);

	struct generation g = {
		.of = strcmp(w->items[0], "authority") ? OF_CERTIFICATE : OF_ISSUER,
		.owner = arena_strndup(&s->a, name, (size_t)(number - name)),
		.number = (unsigned)atoi(number + 1),
		.pending = has(w, "pending"),
		.source = has(w, "imported") ? SOURCE_IMPORTED
			  : has(w, "found")  ? SOURCE_FOUND
					     : SOURCE_ISSUED,
		.chain = value(w, "chain") ? value(w, "chain") : "",
		.bundle = has(w, "unsaved") ? NULL : "b.zip",
	};

	g.fingerprint = g.pending ? "" : fingerprint(s, name);
	g.not_before = time_of(w, "not_before", s->now - 30 * DAY);
	if (g.source == SOURCE_ISSUED)
		g.not_before -= BACKDATE_SECONDS;
	g.not_after = time_of(w, "not_after", s->now + (g.of == OF_ISSUER ? 3000 : 60) * DAY);
	g.authority = signer(s, &g, w);
	g.request = asked_for(s, &g);
	if (value(w, "subject"))
		g.request = arena_printf(&s->a, "subject=%s\n", value(w, "subject"));
	for (size_t i = 2; i < w->count; i++)
		if (!strncmp(w->items[i], "request.", 8))
			g.request = changed_request(s, g.request, w->items[i] + 8);
	g.reissued = has(w, "reissued");
	g.held_until = time_of(w, "held", 0);
	g.held_request = g.held_until ? asked_for(s, &g) : NULL;
	for (size_t i = 2; i < w->count; i++)
		if (!strncmp(w->items[i], "held.", 5))
			g.held_request = changed_request(s, g.held_request, w->items[i] + 5);
	if (g.source == SOURCE_IMPORTED)
		g.view = client_view(s, w, &g);
	if (!strcmp(w->items[0], "bundle"))
		VEC_PUSH(&s->bundle, &s->a, g);
	else
		VEC_PUSH(&s->generations, &s->a, g);
}

static void add_import(struct scene *s, const struct words *w)
{
	struct import_seen seen = { .certificate = w->items[1],
				    .missing = has(w, "missing"),
				    .unopened = has(w, "unopened"),
				    .error = value(w, "error") };
	const char *holds = value(w, "holds");

	seen.found.file = value(w, "file");
	if (holds)
		seen.found = (struct generation){
			.owner = w->items[1],
			.source = SOURCE_IMPORTED,
			.fingerprint = fingerprint(s, holds),
			.chain = value(w, "chain") ? value(w, "chain") : "",
			.not_after = time_of(w, "not_after", s->now + 300 * DAY),
		};
	seen.found.view = holds ? client_view(s, w, &seen.found) : NULL;
	VEC_PUSH(&s->imports, &s->a, seen);
}

static void add_published(struct scene *s, const struct words *w)
{
	VEC_PUSH(&s->published, &s->a,
		 (struct publish_seen){ .issuer = w->items[1],
					.current = has(w, "current"),
					.unwritable = value(w, "unwritable") });
}

static void add_written(struct scene *s, const struct words *w)
{
	const char *pair = value(w, "pair");

	VEC_PUSH(&s->written, &s->a,
		 (struct written_file){ .path = w->items[1],
					.fingerprint = pair ? fingerprint(s, pair) : NULL,
					.complete = pair && !has(w, "unfinished"),
					.holds = "",
					.unwritable = value(w, "unwritable") });
}

static void add_copy(struct scene *s, const struct words *w)
{
	VEC_PUSH(&s->copies, &s->a,
		 (struct copy_seen){ .copy = w->items[1],
				     .missing = value(w, "missing"),
				     .error = value(w, "error") });
}

static int64_t number_of(const struct words *w, const char *key)
{
	const char *text = value(w, key);

	return text ? strtoll(text, NULL, 10) : 0;
}

static void add_component(struct scene *s, const struct words *w)
{
	const char *due = value(w, "due");
	const char *rejected = value(w, "rejected");
	struct component_seen seen = {
		.name = w->items[1],
		.now.online = !has(w, "offline"),
		.now.version = value(w, "version"),
		.now.installed = seen_fingerprint(s, w, "installed"),
		.now.served = seen_fingerprint(s, w, "served"),
		.now.staged = value(w, "staged") ? fingerprint(s, value(w, "staged")) : NULL,
		.now.chain = value(w, "chain"),
		.now.served_flaw = value(w, "flaw"),
		.now.damage = value(w, "damage"),
		.now.attr_flaw = value(w, "attr_flaw"),
		.now.error = value(w, "error"),
		.now.no_secret = value(w, "no_secret"),
		.now.unwritable = value(w, "unwritable"),
		.now.unverifiable = value(w, "unverifiable"),
		.now.plain = value(w, "plain"),
		.now.refused = value(w, "refused"),
		.now.doubt = value(w, "doubt"),
		.now.untrusted = value(w, "untrusted"),
		.now.denied = value(w, "denied"),
		.now.not_running = value(w, "not_running"),
		.now.activation = value(w, "activation"),
		.now.served_not_after = time_of(w, "served_not_after", 0),
		.now.clock_ahead = number_of(w, "clock_ahead"),
		.now.order_taken = number_of(w, "order_taken"),
		.now.order_from = value(w, "order_from"),
		.order_given = number_of(w, "order_given"),
		.restored = has(w, "restored"),
		.now.observed_at = has(w, "unseen") ? 0 : s->now,
		.known = !has(w, "unknown"),
		.certificate = value(w, "certificate"),
		.activation_due = !due                         ? NULL
				  : !strcmp(due, BUILTIN_PAIR) ? BUILTIN_PAIR
							       : fingerprint(s, due),
		.reverted_at = has(w, "reverted") || value(w, "reverted_to") ? s->now : 0,
		.reverted_to =
			value(w, "reverted_to") ? fingerprint(s, value(w, "reverted_to")) : NULL,
		.replaced = seen_fingerprint(s, w, "replaced"),
		.rollback = has(w, "rollback-begun") ? ROLLBACK_BEGUN : ROLLBACK_NONE,
		.retire_remove = has(w, "remove"),
		.deferred_at = has(w, "deferred") ? s->now - DAY : 0,
		.last_error = has(w, "failed") ? "it failed" : NULL,
	};

	if (value(w, "left")) {
		const char **left = arena_array(&s->a, 1, sizeof(*left));

		left[0] = value(w, "left");
		seen.left = left;
		seen.left_count = 1;
	}

	if (value(w, "acknowledged")) {
		const char **list = arena_array(&s->a, 1, sizeof(*list));
		const char *code = value(w, "acknowledged");
		size_t len = strcspn(code, ":");

		list[0] = arena_printf(&s->a, "%.*s %s", (int)len, code,
				       fingerprint(s, code + len + 1));
		seen.acknowledged = list;
		seen.acknowledged_count = 1;
	}
	if (rejected) {
		const char **list = arena_array(&s->a, 1, sizeof(*list));

		list[0] = fingerprint(s, rejected);
		seen.rejected = list;
		seen.rejected_count = 1;
	}
	VEC_PUSH(&s->components, &s->a, seen);
}

static void add_reached(struct scene *s, const char *what)
{
	s->reach_given = true;
	if (strcmp(what, "nothing") != 0)
		VEC_PUSH(&s->reached, &s->a, what);
}

static void add_foreign(struct scene *s, const struct words *w)
{
	VEC_PUSH(&s->foreign, &s->a,
		 ((struct foreign_authority){ .key = w->items[1],
					      .subject = w->items[2],
					      .path = value(w, "path"),
					      .component = value(w, "component"),
					      .what = has(w, "served") ? "served" : "installed",
					      .fingerprint = fingerprint(s, w->items[1]) }));
}

/* Rules that count; those of the fleet file are the same unless it has others. */
static void add_approvals(struct scene *s, const struct words *w)
{
	static const struct approval_signer signers[] = { { "alice", "a" }, { "bob", "b" } };
	static const struct approval_rules other = { 1, 1, signers, 1 };
	struct approval_rules *rules = ARENA_NEW(&s->a, struct approval_rules);

	*rules = (struct approval_rules){ .required = 2, .signers = signers, .signer_count = 2 };
	for (unsigned i = 0; i < APPROVE_COUNT; i++)
		if (has(w, approval_class_names[i]))
			rules->about |= 1u << i;
	s->snapshot.approvals = rules;
	s->snapshot.approvals_asked = has(w, "changed") ? &other : rules;
}

static enum renamed_kind renamed_kind(const char *name)
{
	enum renamed_kind kind = 0;

	while (strcmp(renamed_kind_names[kind], name) != 0)
		kind++;
	return kind;
}

static void read_snapshot_line(struct scene *s, const struct words *w)
{
	const char *kind = w->items[0];

	if (!strcmp(kind, "no-state"))
		s->snapshot.state_exists = false;
	else if (!strcmp(kind, "orphan"))
		s->snapshot.orphan_bundle = w->items[1];
	else if (!strcmp(kind, "recorded"))
		s->snapshot.missing_lineage = w->items[1];
	else if (!strcmp(kind, "reached"))
		add_reached(s, w->items[1]);
	else if (!strcmp(kind, "newer"))
		s->snapshot.newer_bundle = w->items[1];
	else if (!strcmp(kind, "foreign"))
		add_foreign(s, w);
	else if (!strcmp(kind, "accepted"))
		VEC_PUSH(&s->accepted, &s->a, w->items[1]);
	else if (!strcmp(kind, "operators"))
		VEC_PUSH(&s->operators, &s->a, w->items[1]);
	else if (!strcmp(kind, "undeclared"))
		VEC_PUSH(&s->undeclared, &s->a, w->items[1]);
	else if (!strcmp(kind, "renamed"))
		VEC_PUSH(&s->renamed, &s->a,
			 ((struct renamed_seen){ renamed_kind(w->items[1]), w->items[2],
						 w->items[3] }));
	else if (!strcmp(kind, "approvals"))
		add_approvals(s, w);
	else if (!strcmp(kind, "serial"))
		s->snapshot.serial = atoi(w->items[1]);
	else if (!strcmp(kind, "authority") || !strcmp(kind, "generation") ||
		 !strcmp(kind, "bundle"))
		add_generation(s, w);
	else if (!strcmp(kind, "import"))
		add_import(s, w);
	else if (!strcmp(kind, "published"))
		add_published(s, w);
	else if (!strcmp(kind, "written"))
		add_written(s, w);
	else if (!strcmp(kind, "copy"))
		add_copy(s, w);
	else if (!strcmp(kind, "backup"))
		s->snapshot.backup_unwritable = value(w, "unwritable");
	else if (!strcmp(kind, "component"))
		add_component(s, w);
	else
		fail_msg("unknown snapshot line '%s'", kind);
}

static int compare_generations(const void *left, const void *right)
{
	const struct generation *l = left;
	const struct generation *r = right;
	int order = l->of != r->of ? (int)l->of - (int)r->of : strcmp(l->owner, r->owner);

	return order ? order : (int)l->number - (int)r->number;
}

static int compare_names(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

#define SORT(vec, compare)                                                                 \
	do {                                                                               \
		if ((vec)->count)                                                          \
			qsort((vec)->items, (vec)->count, sizeof(*(vec)->items), compare); \
	} while (0)

static void finish_snapshot(struct scene *s)
{
	SORT(&s->generations, compare_generations);
	SORT(&s->bundle, compare_generations);
	SORT(&s->imports, compare_names);
	SORT(&s->published, compare_names);
	SORT(&s->written, compare_names);
	SORT(&s->components, compare_names);
	SORT(&s->reached, compare_names);
	s->source = (struct source_bundle){ "b.zip", s->bundle.items, s->bundle.count };
	s->snapshot.reached = s->reached.items;
	s->snapshot.reached_count = s->reached.count;
	s->snapshot.foreign = s->foreign.items;
	s->snapshot.foreign_count = s->foreign.count;
	s->snapshot.accepted = s->accepted.items;
	s->snapshot.accepted_count = s->accepted.count;
	s->snapshot.operator_issuers = s->operators.items;
	s->snapshot.operator_issuer_count = s->operators.count;
	s->snapshot.undeclared = s->undeclared.items;
	s->snapshot.undeclared_count = s->undeclared.count;
	s->snapshot.renamed = s->renamed.items;
	s->snapshot.renamed_count = s->renamed.count;
	s->snapshot.copies = s->copies.items;
	s->snapshot.copy_count = s->copies.count;
	s->snapshot.lineage = s->snapshot.state_exists ? "lineage-1" : "";
	s->snapshot.generations = s->generations.items;
	s->snapshot.generation_count = s->generations.count;
	s->snapshot.imports = s->imports.items;
	s->snapshot.import_count = s->imports.count;
	s->snapshot.published = s->published.items;
	s->snapshot.publish_count = s->published.count;
	s->snapshot.written = s->written.items;
	s->snapshot.written_count = s->written.count;
	s->snapshot.components = s->components.items;
	s->snapshot.component_count = s->components.count;
}

/* NAME@OWNER/1 with the fingerprint of that generation, or its first digits: NAME@OWNER/1:8. */
static const char *use_of(struct scene *s, const char *text)
{
	const char *which = strchr(text, '@');
	const char *digits = which ? strchr(which, ':') : NULL;

	if (!which || !strchr(which, '/'))
		return text;
	which++;

	size_t len = digits ? (size_t)(digits - which) : strlen(which);
	const char *whole = fingerprint(s, arena_strndup(&s->a, which, len));

	return arena_printf(&s->a, "%.*s%.*s", (int)(which - text), text,
			    digits ? atoi(digits + 1) : 64, whole);
}

static void read_choice_line(struct scene *s, const struct words *w)
{
	const char *kind = w->items[0];

	if (!strcmp(kind, "target"))
		VEC_PUSH(&s->targets, &s->a, w->items[1]);
	else if (!strcmp(kind, "ack"))
		VEC_PUSH(&s->acks, &s->a, w->items[1]);
	else if (!strcmp(kind, "reissue"))
		VEC_PUSH(&s->reissue, &s->a, w->items[1]);
	else if (!strcmp(kind, "use"))
		VEC_PUSH(&s->use, &s->a, use_of(s, w->items[1]));
	else if (!strcmp(kind, "handed-over"))
		VEC_PUSH(&s->handed_over, &s->a, w->items[1]);
	else if (!strcmp(kind, "until"))
		assert_true(time_parse(w->items[1], &s->until));
	else if (!strcmp(kind, "broken"))
		VEC_PUSH(&s->broken, &s->a,
			 ((struct step){ .kind = STEP_ISSUE,
					 .certificate = w->items[1],
					 .replaces = w->count > 2 ? fingerprint(s, w->items[2])
								  : NULL }));
	else if (!strcmp(kind, "unapproved"))
		s->unapproved = true;
	else if (!strcmp(kind, "restart-postponed"))
		s->restart_postponed = true;
	else if (!strcmp(kind, "ignore-windows"))
		s->ignore_windows = w->items[1];
	else if (!strcmp(kind, "over-limits"))
		s->over_limits = w->items[1];
	else if (!strcmp(kind, "from-backup"))
		s->snapshot.source = &s->source;
	else
		fail_msg("unknown choice '%s'", kind);
}

typedef void line_fn(struct scene *s, const struct words *w);

static void each_line(struct scene *s, const char *section, line_fn *read)
{
	while (section && *section) {
		size_t len = strcspn(section, "\n");
		struct words w = split(s, arena_strndup(&s->a, section, len));

		if (w.count)
			read(s, &w);
		section += len + (section[len] == '\n');
	}
}

/* ---- the fleet ---- */

static bool plain_subject(const char *text, struct arena *a, const char **canonical,
			  const char **cn, struct err *e)
{
	if (strncmp(text, "CN=", 3) != 0)
		return err_set(e, ERR_INPUT, "no common name");
	*canonical = arena_strdup(a, text);
	*cn = arena_strndup(a, text + 3, strcspn(text + 3, ","));
	return true;
}

static void read_fleet(struct scene *s, const char *section)
{
	static const char file[] = "certfleet.yaml";
	AUTO(diags) diags = { 0 };
	AUTO(buf) yaml = { 0 };
	AUTO(buf) said = { 0 };
	struct err e = { 0 };

	buf_puts(&yaml, head);
	buf_puts(&yaml, section);
	must(fs_replace(file, yaml.data, yaml.len, FS_PRIVATE, &e), &e);

	bool read = load_fleet(file, plain_subject, &s->fleet, &diags, &e);

	diag_render(&diags, &said);
	unlink(file);
	if (!read)
		fail_msg("%s\n%s", e.text, buf_text(&said));
}

/* ---- what came out of it ---- */

/* Fingerprints, whole or short, as the names the case gave them. */
static char *with_labels(const struct scene *s, const char *text)
{
	AUTO(buf) out = { 0 };

	while (*text) {
		const struct label *found = NULL;

		vec_each (l, &s->labels)
			if (!strncmp(text, l->fingerprint, 12))
				found = l;
		if (!found) {
			buf_putc(&out, *text++);
			continue;
		}
		buf_puts(&out, found->name);
		text += strncmp(text, found->fingerprint, 64) ? 12 : 64;
	}
	return TAKE(out).data;
}

static const char *or_nothing(const char *replaces)
{
	if (!replaces)
		return "something unknown";
	return *replaces ? replaces : "nothing";
}

static void show_subject(const struct step *s, struct buf *out)
{
	switch (s->kind) {
	case STEP_BACKUP:
		break;
	case STEP_COPY:
		buf_printf(out, " to %s", s->copy);
		break;
	case STEP_STAGE:
		buf_printf(out, " %s -> %s", s->generation ? s->generation : s->certificate,
			   s->component);
		break;
	case STEP_ROLLBACK:
		buf_printf(out, " %s to %s in place of %s", s->component,
			   *s->generation ? s->generation : "nothing", or_nothing(s->replaces));
		break;
	case STEP_COMMIT:
		buf_printf(out, " %s in place of %s", s->component, or_nothing(s->replaces));
		break;
	case STEP_ACTIVATE:
		buf_printf(out, " %s by %s", s->process, activation_names[s->activation]);
		break;
	case STEP_VERIFY:
	case STEP_REVERT:
	case STEP_RETIRE:
		buf_printf(out, " %s", s->component);
		break;
	case STEP_CREATE_ISSUER:
	case STEP_PUBLISH:
	case STEP_ISSUE:
	case STEP_IMPORT:
	case STEP_EXPORT:
	case STEP_KIND_COUNT:
		buf_printf(out, " %s", s->certificate);
		break;
	}
}

static void show_step(const struct step *s, struct buf *out)
{
	char waits[TIME_TEXT];

	if (s->wave != NO_WAVE)
		buf_printf(out, "%d ", s->wave + 1);
	if (s->waits_until)
		buf_printf(out, "[from %s] ", time_format(s->waits_until, waits));
	buf_puts(out, step_kind_names[s->kind]);
	show_subject(s, out);
	buf_printf(out, ": %s\n", s->reason);
}

static void show_wave(const struct wave *w, size_t index, struct buf *out)
{
	buf_printf(out, "wave %zu: role '%s', limit %u%s%s:", index + 1, w->role, w->limit,
		   w->canary ? ", canary" : "", w->postponed ? ", postponed" : "");
	for (size_t i = 0; i < w->process_count; i++)
		buf_printf(out, " %s", w->processes[i]);
	buf_putc(out, '\n');
}

static void show_plan(const struct plan *p, struct buf *out)
{
	for (size_t i = 0; i < p->precondition_count; i++) {
		const struct precondition *c = &p->preconditions[i];

		buf_printf(out, "%s %s%s%s: %s\n",
			   c->acknowledged ? "acknowledged" : severity_names[c->severity], c->code,
			   *c->component ? " " : "", c->component, c->message);
		for (size_t k = 0; k < c->item_count; k++)
			buf_printf(out, "  %s\n", c->items[k]);
	}
	for (size_t i = 0; i < p->step_count; i++)
		show_step(&p->steps[i], out);
	for (size_t i = 0; i < p->left_out_count; i++) {
		const struct left_out *l = &p->left_out[i];

		buf_printf(out, "left out %s%s: %s%s%s\n", l->component ? "" : "certificate ",
			   l->component ? l->component : l->certificate, l->code,
			   *l->cause ? " of " : "", l->cause);
	}
	for (size_t i = 0; i < p->awaited_count; i++)
		buf_printf(out, "awaits a person for %s\n", p->awaited[i]);
	for (size_t i = 0; i < p->deferred_count; i++)
		buf_printf(out, "deferred %s\n", p->deferred[i]);
	for (size_t i = 0; i < p->wave_count; i++)
		show_wave(&p->waves[i], i, out);
	for (size_t i = 0; i < p->hold_count; i++) {
		const struct hold *h = &p->holds[i];
		char until[TIME_TEXT];

		buf_printf(out, "hold %s: %s %s\n", h->certificate, h->fingerprint,
			   h->until ? time_format(h->until, until) : "ends");
	}
	for (size_t i = 0; i < p->remembered_count; i++) {
		const struct acknowledgement *k = &p->remembered[i];

		buf_printf(out, "remember %s of %s for %s\n", k->code, k->component,
			   k->fingerprint ? k->fingerprint : "what is issued");
	}
	for (size_t i = 0; i < p->reach_approved_count; i++)
		buf_printf(out, "known from now on: %s\n", p->reach_approved[i]);
	buf_printf(out, "unchanged: %zu\n", p->unchanged);
}

/* A case that says nothing of it is about something else. */
static void reach_all(struct scene *s, struct plan_input in)
{
	AUTO(plan) p = { 0 };
	struct err ignored = { 0 };

	if (s->reach_given || !plan_make(&in, &p, &ignored))
		return;
	for (size_t i = 0; i < p.reach_count; i++)
		VEC_PUSH(&s->reached, &s->a, arena_strdup(&s->a, p.reach[i]));
	s->snapshot.reached = s->reached.items;
	s->snapshot.reached_count = s->reached.count;
}

struct sections {
	const char *now;
	const char *choices;
	const char *fleet;
	const char *snapshot;
	const char *expect;
	const char *text;
	const char *markdown;
	size_t expect_at; /* where it stands in the file */
};

static char *outcome(struct scene *s, const struct sections *c)
{
	const struct plan broken = { .steps = s->broken.items, .step_count = s->broken.count };
	const struct plan_input in = {
		.fleet = &s->fleet,
		.snapshot = &s->snapshot,
		.at = s->now,
		.spec_digest = "",
		.choices = { .targets = s->targets.items,
			     .target_count = s->targets.count,
			     .acks = s->acks.items,
			     .ack_count = s->acks.count,
			     .reissue = s->reissue.items,
			     .reissue_count = s->reissue.count,
			     .handed_over = s->handed_over.items,
			     .handed_over_count = s->handed_over.count,
			     .use = s->use.items,
			     .use_count = s->use.count,
			     .until = s->until,
			     .from_backup = s->snapshot.source ? "b.zip" : NULL,
			     .ignore_windows = s->ignore_windows,
			     .over_limits = s->over_limits,
			     .restart_postponed = s->restart_postponed },
		.broken = s->broken.count ? &broken : NULL,
		.unapproved = s->unapproved,
	};
	AUTO(plan) p = { 0 };
	AUTO(buf) out = { 0 };
	struct err e = { 0 };

	reach_all(s, in);
	if (!plan_make(&in, &p, &e))
		buf_printf(&out, "%s: %s\n", e.code == ERR_USAGE ? "usage" : "input", e.text);
	else if (c->markdown)
		plan_render_markdown(&p, &out);
	else if (c->text)
		plan_render_text(&p, true, false, &out);
	else
		show_plan(&p, &out);
	return with_labels(s, buf_text(&out));
}

/* ---- a case file ---- */

/* The text between the line "--- NAME" and the next such line. */
static const char *section(struct arena *a, const char *file, const char *name, size_t *at)
{
	const char *mark = arena_printf(a, "--- %s\n", name);
	const char *begin = strstr(file, mark);

	if (!begin)
		return NULL;
	begin += strlen(mark);
	if (at)
		*at = (size_t)(begin - file);

	const char *end = strstr(begin, "\n--- ");

	if (!strncmp(begin, "--- ", 4))
		return "";
	return end ? arena_strndup(a, begin, (size_t)(end - begin) + 1) : begin;
}

static struct sections read_sections(struct arena *a, const char *file)
{
	struct sections s = {
		.now = section(a, file, "now", NULL),
		.choices = section(a, file, "choices", NULL),
		.fleet = section(a, file, "fleet", NULL),
		.snapshot = section(a, file, "snapshot", NULL),
	};

	s.expect = section(a, file, "expect", &s.expect_at);
	s.text = section(a, file, "text", &s.expect_at);
	s.markdown = section(a, file, "markdown", &s.expect_at);
	return s;
}

static char *run_case(const struct sections *c)
{
	AUTO(scene) s = { .now = WORLD_NOW };

	if (c->now) {
		AUTO(arena) a = { 0 };
		const char *now = arena_strndup(&a, c->now, strcspn(c->now, "\n"));

		assert_true(time_parse(now, &s.now));
	}
	s.snapshot.state_exists = true;
	assert_non_null(c->fleet);
	read_fleet(&s, c->fleet);
	each_line(&s, c->snapshot, read_snapshot_line);
	finish_snapshot(&s);
	each_line(&s, c->choices, read_choice_line);
	return outcome(&s, c);
}

static void rewrite(const char *path, const char *file, size_t keep, const char *outcome_text)
{
	AUTO(buf) out = { 0 };
	struct err e = { 0 };

	buf_add(&out, file, keep);
	buf_puts(&out, outcome_text);
	must(fs_replace(path, out.data, out.len, FS_PUBLIC, &e), &e);
}

/* Every case is one test; its path is the test's state. */
static void the_plan_is_as_expected(void **state)
{
	const char *path = *state;
	AUTO(arena) a = { 0 };
	AUTO(buf) file = { 0 };
	struct err e = { 0 };

	must(fs_read(path, CASE_LIMIT, &file, &e), &e);

	const struct sections c = read_sections(&a, buf_text(&file));
	const char *expected = c.markdown ? c.markdown : c.text ? c.text : c.expect;

	assert_non_null(expected);

	AUTO(text) got = run_case(&c);

	if (getenv("PLAN_CASES_WRITE"))
		rewrite(path, buf_text(&file), c.expect_at, got);
	else
		assert_string_equal(got, expected);
}

static int is_case(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return dot && !strcmp(dot, ".case");
}

static int run_all(struct arena *a, const char *directory)
{
	struct dirent **entries = NULL;
	int count = scandir(directory, &entries, is_case, alphasort);

	if (count <= 0) {
		fprintf(stderr, "no cases in %s\n", directory);
		return 1;
	}

	struct CMUnitTest *tests = arena_array(a, (size_t)count, sizeof(*tests));

	for (int i = 0; i < count; i++) {
		tests[i] = (struct CMUnitTest){
			.name = arena_strdup(a, entries[i]->d_name),
			.test_func = the_plan_is_as_expected,
			.initial_state = arena_printf(a, "%s/%s", directory, entries[i]->d_name),
		};
		free(entries[i]);
	}
	free(entries);
	return _cmocka_run_group_tests("plan cases", tests, (size_t)count, NULL, NULL);
}

int main(void)
{
	AUTO(arena) a = { 0 };
	AUTO(text) directory = realpath("tests/plan", NULL);
	const char *base = getenv("TMPDIR");
	char *work = arena_printf(&a, "%s/certfleet-plan-XXXXXX", base ? base : "/tmp");

	/* Paths in a plan are relative to where we are. */
	if (!directory || !mkdtemp(work) || chdir(work) != 0) {
		perror("tests/plan");
		return 1;
	}

	int failed = run_all(&a, directory);

	rmdir(work);
	return failed;
}
