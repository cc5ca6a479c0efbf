/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the AppMon Server tells of its parts: asked once for each observation, beside
 * the drivers, and added to what these have seen of the components.
 */
#include "base/text.h"
#include "drivers/driver.h"
#include "engine/internal.h"
#include "engine/observe.h"
#include "model/appmon_seen.h"
#include "model/hold.h"

#include <stdlib.h>
#include <string.h>

/* ---- the question ---- */

static const struct component *any_part(const struct fleet *f)
{
	for (size_t i = 0; f->access.appmon.origin && i < f->component_count; i++)
		if (f->components[i].appmon.kind != APPMON_NONE)
			return &f->components[i];
	return NULL;
}

/* Of pairs that the Server's web certificate may be by now; `desired` NULL: not known. */
struct leaf_list {
	VEC(const char *) texts;
	struct arena *arena;
};

static void leaf_list_add(struct leaf_list *l, const char *fingerprint)
{
	if (fingerprint && *fingerprint)
		VEC_PUSH(&l->texts, l->arena, fingerprint);
}

static void add_leaves_of(struct leaf_list *l, const struct component_seen *seen)
{
	leaf_list_add(l, seen->now.installed);
	leaf_list_add(l, seen->replaced);
	leaf_list_add(l, seen->activation_due);
}

static void job_set_leaves(struct job *j, const struct leaf_list *l)
{
	j->leaves = l->texts.items;
	j->leaf_count = l->texts.count;
}

static const struct component_seen *row_of(const struct component *c,
					   const struct component_seen *rows, size_t count)
{
	return text_find(c->name, rows, count, sizeof(*rows));
}

bool appmon_job(struct engine *en, struct snapshot *s, struct job *out)
{
	const struct fleet *f = en->fleet;
	struct leaf_list leaves = { .arena = &s->arena };
	struct appmon_seen *seen = ARENA_NEW(leaves.arena, struct appmon_seen);
	const struct component *part = any_part(f);

	if (!part)
		return false;
	seen->wants_agents = true;
	for (size_t i = 0; i < f->component_count; i++) {
		const struct component *c = &f->components[i];
		const struct component_seen *row = row_of(c, s->components, s->component_count);
		const struct generation *desired =
			c->appmon.kind == APPMON_SERVER
				? desired_generation(s, c->certificate, s->observed_at)
				: NULL;

		if (desired)
			leaf_list_add(&leaves, desired->fingerprint);
		if (c->appmon.kind == APPMON_SERVER && row)
			add_leaves_of(&leaves, row);
		seen->wants_starts |=
			c->appmon.kind == APPMON_COLLECTOR && row && row->activation_due;
	}
	*out = (struct job){
		.verb = DRIVER_PROBE, .component = part, .arena = leaves.arena, .appmon = seen
	};
	job_set_leaves(out, &leaves);
	return true;
}

/* Also those that this run has put there. */
static void set_run_leaves(struct run *r, struct job *j)
{
	const struct fleet *f = r->en->fleet;
	struct leaf_list leaves = { .arena = &r->arena };

	for (size_t i = 0; i < f->component_count; i++)
		if (f->components[i].appmon.kind == APPMON_SERVER)
			add_leaves_of(&leaves, run_seen(r, f->components[i].name));
	job_set_leaves(j, &leaves);
}

void appmon_fill(struct run *r, struct job *job)
{
	if (job->component->activate.kind != ACTIVATE_APPMON)
		return;
	set_run_leaves(r, job);
	job->ordered = run_seen(r, job->component->name)->ordered;
}

/* ---- the answer, for one component ---- */

static const char *list_error(const struct job *asked, struct arena *a)
{
	return arena_printf(a, "the list of collectors cannot be read: %s", asked->error.text);
}

static void observe_server(const struct job *asked, struct arena *a, struct observation *now)
{
	const struct appmon_seen *told = asked->appmon;

	if (told->version)
		now->version = told->version;
	if (asked->done)
		return;
	if (told->denied) {
		now->denied = told->denied;
		return;
	}
	now->online = false;
	now->error = list_error(asked, a);
}

/* One that missed a change has the former pair, and does not trust the Server's new one. */
static const char *lost_error(const struct component_seen *row, const struct collector_seen *listed)
{
	if (row->deferred_at && listed)
		return "the AppMon Server lists it as not connected; start it once with -Dclearcerts, since it missed a change";
	if (row->deferred_at)
		return "the AppMon Server does not list it; start it once with -Dclearcerts, since it missed a change";
	return listed ? "the AppMon Server lists it as not connected; start it, or wait until it connects"
		      : "the AppMon Server does not list it; start it, or correct its name and host in 'appmon'";
}

/* Whether the collector has been started since the last observation, after the commit. */
static bool was_restarted(const struct observation *before, const struct observation *now)
{
	if (now->link != LINK_CONNECTED)
		return false;
	if (before->started && now->started)
		return now->started != before->started;
	return before->link == LINK_DISCONNECTED;
}

/* What a restart from outside has done needs no restart any more. */
static void observe_restart(const struct component *c, const struct observation *before,
			    struct component_seen *row)
{
	if (!row->activation_due || !text_equal(row->activation_due, row->now.installed) ||
	    !was_restarted(before, &row->now))
		return;
	row->activation_due = NULL;
	row->restarted = true;
	if (!c->verify_count)
		row->last_error = NULL;
}

/* Restarted after the commit, and connected: more than that no collector shows. */
static void observe_proof(const struct component *c, struct component_seen *row)
{
	struct observation *now = &row->now;

	if (c->verify_count || now->served || !row->known || !row->certificate ||
	    row->activation_due || component_is_reverted(row) || !now->installed ||
	    !*now->installed || now->link != LINK_CONNECTED)
		return;
	now->served = now->installed;
	now->evidence = EVIDENCE_DRIVER;
}

static void observe_collector(const struct component *c, const struct job *asked,
			      const struct observation *before, struct component_seen *row)
{
	const struct appmon_seen *told = asked->appmon;
	const struct collector_seen *listed =
		appmon_seen_collector(told, c->appmon.name, c->appmon.host);
	struct observation *now = &row->now;
	bool waits = row->activation_due && text_equal(row->activation_due, now->installed);

	now->link = listed && listed->connected ? LINK_CONNECTED : LINK_DISCONNECTED;
	now->version = listed && listed->version ? listed->version : NULL;
	now->started = listed && listed->started ? listed->started : before->started;
	now->embedded = listed && listed->embedded;
	now->agents_told = told->agents_told && now->link == LINK_CONNECTED;
	now->agents = listed ? listed->agents : 0;
	if (!listed)
		now->version = before->version;
	/* it has the pair, and waits for its restart, connected or not */
	if (now->link == LINK_DISCONNECTED && !waits) {
		now->error = now->online || !now->error ? lost_error(row, listed) : now->error;
		now->online = false;
		now->evidence = EVIDENCE_NONE;
	}
	observe_restart(c, before, row);
	observe_proof(c, row);
}

void observe_appmon(const struct component *c, const struct job *asked,
		    const struct observation *before, struct component_seen *row)
{
	struct arena *a = asked->arena;

	if (!asked->done && asked->error.code == ERR_INPUT) {
		if (!row->now.no_secret)
			row->now.no_secret = arena_strdup(a, asked->error.text);
		return;
	}
	if (c->appmon.kind == APPMON_SERVER) {
		observe_server(asked, a, &row->now);
	} else if (asked->done) {
		observe_collector(c, asked, before, row);
	} else {
		row->now.link = before->link;
		row->now.started = before->started;
		row->now.version = before->version;
		row->now.online = false;
		row->now.evidence = EVIDENCE_NONE;
		row->now.error = list_error(asked, a);
	}
}

/*
 * What waits for a restart when a run ends is remembered as it is then, after the commit:
 * a later start is one that takes the pair.
 */
void appmon_remember(struct run *r)
{
	const struct fleet *f = r->en->fleet;
	struct appmon_seen told = { .wants_starts = true };
	struct job job = {
		.verb = DRIVER_PROBE, .component = any_part(f), .arena = &r->arena, .appmon = &told
	};
	bool wanted = false;

	for (size_t i = 0; i < f->component_count; i++)
		wanted |= f->components[i].appmon.kind == APPMON_COLLECTOR &&
			  run_seen(r, f->components[i].name)->activation_due;
	if (!job.component || !wanted)
		return;
	set_run_leaves(r, &job);
	drivers_run(r->en->drivers, &job, 1);
	for (size_t i = 0; i < f->component_count; i++) {
		const struct component *c = &f->components[i];
		struct component_seen *seen = run_seen(r, c->name);
		const struct collector_seen *listed = NULL;

		if (c->appmon.kind != APPMON_COLLECTOR || !seen->activation_due)
			continue;
		listed = appmon_seen_collector(&told, c->appmon.name, c->appmon.host);
		seen->now.link = !job.done                     ? LINK_UNKNOWN
				 : listed && listed->connected ? LINK_CONNECTED
							       : LINK_DISCONNECTED;
		seen->now.started = listed ? listed->started : 0;
	}
}

/* ---- collectors that the fleet file lacks ---- */

struct collector_names {
	const char **items;
	size_t count;
	size_t room;
};

static const char *collector_id(const char *name, const char *host, struct arena *a)
{
	return arena_printf(a, "%s@%s", name, host);
}

static void add_declared(const struct component *list, size_t count, struct arena *a,
			 struct collector_names *out)
{
	for (size_t i = 0; i < count; i++)
		if (list[i].appmon.kind == APPMON_COLLECTOR)
			VEC_PUSH(out, a, collector_id(list[i].appmon.name, list[i].appmon.host, a));
}

void observe_undeclared(const struct fleet *f, const struct job *asked, struct snapshot *s)
{
	const struct appmon_seen *told = asked->appmon;
	struct collector_names names = { 0 };
	struct collector_names list = { 0 };
	struct stepped declared;

	add_declared(f->components, f->component_count, &s->arena, &names);
	add_declared(f->absent, f->absent_count, &s->arena, &names);
	declared = stepped_sorted(names.items, names.count);
	for (size_t i = 0; i < told->count; i++) {
		const struct collector_seen *c = &told->collectors[i];
		const char *id = collector_id(c->name, c->host, &s->arena);

		if (!c->embedded && !stepped_has(&declared, id))
			VEC_PUSH(&list, &s->arena, id);
	}
	s->undeclared = list.items;
	s->undeclared_count = list.count;
}
