/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/text.h"
#include "drivers/driver.h"
#include "engine/backup.h"
#include "engine/internal.h"
#include "engine/observe.h"
#include "install/activate.h"
#include "model/component_secrets.h"
#include "model/hold.h"
#include "pki/tls.h"

#include <string.h>

/* Ports of one observation; the probes of a component stand together. */
struct ports {
	struct tls_probe *probes;
	size_t *first; /* by component of the fleet */
	size_t count;
};

/* The desired generation as far as it exists; NULL: none yet. */
static const struct generation *observe_component_desired(const struct snapshot *s,
							  const struct certificate *c)
{
	const struct generation *restored = snapshot_from_source(s, c->name);
	const struct import_seen *import = snapshot_import(s, c->name);

	if (c->builtin)
		return NULL;
	if (restored)
		return restored;
	if (certificate_is_issued(c))
		return held_generation(s, c, s->observed_at);
	return import && import->found.key ? &import->found
					   : snapshot_newest(s, OF_CERTIFICATE, c->name);
}

/* Key type and names of the desired pair, whether it exists yet or not. */
static const char *desired_key(const struct snapshot *s, const struct certificate *c,
			       struct client_view *names)
{
	const struct generation *g = observe_component_desired(s, c);

	if (c->import.kind == IMPORT_NONE)
		*names = (struct client_view){ .names = c->names, .name_count = c->name_count };
	else if (g && g->view)
		*names = *g->view;
	if (g)
		return g->key;
	return certificate_is_issued(c) ? key_type_names[c->key] : NULL;
}

static void list_ports(const struct fleet *f, struct snapshot *s, struct ports *ports)
{
	for (size_t i = 0; i < f->component_count; i++)
		ports->count += f->components[i].verify_count;
	ports->probes = arena_array(&s->arena, ports->count, sizeof(*ports->probes));
	ports->first = arena_array(&s->arena, f->component_count, sizeof(*ports->first));

	size_t next = 0;

	for (size_t i = 0; i < f->component_count; i++) {
		const struct component *c = &f->components[i];
		struct client_view names = { 0 };
		const char *key = desired_key(s, c->certificate, &names);

		ports->first[i] = next;
		for (size_t k = 0; k < c->verify_count; k++)
			ports->probes[next++] = tls_probe_of(&c->verify[k], key, &names);
	}
}

/*
 * What all ports of a component serve, and the first flaw of what is above a leaf.
 * An error of the driver is the cause, which one of its port must not hide.
 */
static void observe_served(struct engine *en, const struct snapshot *s,
			   const struct tls_probe *probes, size_t count, struct observation *seen)
{
	struct tls_served all = tls_served_by_all(probes, count, seen->installed);

	seen->served = all.leaf.fingerprint;
	seen->served_not_after = all.leaf.not_after;
	seen->evidence = seen->served ? EVIDENCE_HANDSHAKE : EVIDENCE_NONE;
	seen->refused = all.refused;
	seen->unverifiable = all.barred ? all.error : NULL;
	seen->plain = all.plain ? all.error : NULL;
	if (!seen->error)
		seen->error = all.error;
	for (size_t i = 0; i < count && !seen->served_flaw; i++)
		if (probes[i].completed)
			seen->served_flaw =
				observe_served_flaw(en, s, seen->observed_at, &probes[i]);
}

/*
 * One that cannot be reached keeps what was seen of it the last time, but
 * that proves nothing now.
 */
static void observe_take_answer(const struct job *job, struct snapshot *s,
				struct component_seen *row)
{
	struct observation *seen = &row->now;
	const char *from = job->seen.order_from;

	if (!job->done) {
		seen->online = false;
		seen->evidence = EVIDENCE_NONE;
		seen->error = arena_strdup(&s->arena, job->error.text);
		/* its credentials cannot be used: that is no component that is offline */
		if (job->error.code == ERR_INPUT)
			seen->no_secret = seen->error;
		return;
	}
	*seen = job->seen;
	seen->observed_at = s->observed_at;
	if (!from || strcmp(from, s->lineage) != 0)
		seen->order_taken = 0;
	if (from && strcmp(from, s->lineage) != 0)
		seen->activated = NULL;
	seen->evidence = seen->served ? EVIDENCE_DRIVER : EVIDENCE_NONE;
}

struct secret_search {
	struct engine *en;
	struct observation *seen;
	struct arena *arena;
};

/* Also those that only a step needs: what is not there is known before the first one. */
static void observe_secret(void *ctx, const struct secret_ref *ref)
{
	const struct secret_search *search = ctx;
	const struct secret *value = NULL;
	struct err e = { 0 };

	if (!engine_secret(search->en, ref, &value, &e) && !search->seen->no_secret)
		search->seen->no_secret = arena_strdup(search->arena, e.text);
}

/*
 * An activation whose result no run has heard of may be known there; it was one of all
 * components of the process.
 */
static void take_activation(const struct fleet *f, const struct snapshot *s,
			    const struct component *c, struct component_seen *row)
{
	if (!row->activation_due || !text_equal(row->now.activated, row->activation_due))
		return;
	row->activation_due = NULL;
	for (size_t i = 0; strcmp(c->process, c->name) != 0 && i < s->component_count; i++) {
		struct component_seen *other = (struct component_seen *)&s->components[i];
		const struct component *shares = fleet_component(f, other->name);

		if (shares && !strcmp(shares->process, c->process))
			other->activation_due = NULL;
	}
}

/* Ports of one component may disagree, and so may the addresses of one. */
static void watch(struct authority_watch *w, const char *name, const struct job *job,
		  const struct tls_probe *probes, size_t count)
{
	if (job->done)
		authority_watch_leaf(w, name, "installed", job->seen.leaf);
	for (size_t i = 0; i < count; i++) {
		if (!probes[i].completed)
			continue;
		authority_watch_leaf(w, name, "served", probes[i].leaf.der);
		authority_watch_leaf(w, name, "served", probes[i].other.der);
	}
}

bool observe_components(struct engine *en, struct snapshot *s, struct authority_watch *w,
			struct err *e)
{
	const struct fleet *f = en->fleet;
	struct ports ports = { 0 };
	struct job *jobs = arena_array(&s->arena, f->component_count + 1, sizeof(*jobs));
	struct job *appmon = &jobs[f->component_count];
	bool asked = appmon_job(en, s, appmon);
	struct component_seen *seen = (struct component_seen *)s->components;

	for (size_t i = 0; i < f->component_count; i++)
		jobs[i] = (struct job){ .verb = DRIVER_PROBE,
					.component = &f->components[i],
					.arena = &s->arena };
	drivers_run(en->drivers, jobs, f->component_count + asked);
	activations_await_there(en, jobs, f->component_count);
	list_ports(f, s, &ports);
	if (!tls_probe_all(ports.probes, ports.count, &s->arena, e))
		return err_in(e, "cannot look at what is served");

	for (size_t i = 0; i < f->component_count; i++) {
		const struct component *c = &f->components[i];
		const struct tls_probe *probes = ports.probes + ports.first[i];

		/* both lists are sorted, and every component of the file has a row */
		while (strcmp(seen->name, c->name) != 0)
			seen++;

		const struct observation before = seen->now;

		observe_take_answer(&jobs[i], s, seen);
		if (asked && c->appmon.kind != APPMON_NONE)
			observe_appmon(c, appmon, &before, seen);
		component_secrets(c, &f->access, observe_secret,
				  &(struct secret_search){
					  .en = en, .seen = &seen->now, .arena = &s->arena });
		take_activation(f, s, c, seen);
		/* a process of this machine, wherever the pair goes */
		if (driver_activates_here(c))
			activate_inspect(&c->activate, seen->proven, &s->arena, &seen->now);
		watch(w, c->name, &jobs[i], probes, c->verify_count);
		if (c->verify_count)
			observe_served(en, s, probes, c->verify_count, &seen->now);
	}
	if (asked)
		observe_undeclared(f, appmon, s);
	observe_left(f, s);
	return true;
}
