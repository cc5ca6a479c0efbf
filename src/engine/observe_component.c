/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/text.h"
#include "drivers/driver.h"
#include "engine/inside.h"
#include "engine/observe.h"
#include "pki/tls.h"

#include <string.h>

/* Ports of one observation; the probes of a component stand together. */
struct ports {
	struct tls_probe *probes;
	size_t *first; /* by component of the fleet */
	size_t count;
};

static bool shares_process(const struct fleet *f, size_t index)
{
	const char *process = f->components[index].process;

	/* A process has a name of its own only when components share it. */
	return strcmp(process, f->components[index].name) != 0;
}

static const char *expected_key(const struct snapshot *s,
				const struct certificate *c)
{
	const struct import_seen *import = snapshot_import(s, c->name);

	if (c->import.kind == IMPORT_NONE)
		return key_type_names[c->key];
	return import && import->found.key ? import->found.key : NULL;
}

static void list_ports(const struct fleet *f, struct snapshot *s,
		       struct ports *ports)
{
	for (size_t i = 0; i < f->component_count; i++)
		ports->count += f->components[i].verify_count;
	ports->probes =
		arena_array(&s->arena, ports->count, sizeof(*ports->probes));
	ports->first = arena_array(&s->arena, f->component_count,
				   sizeof(*ports->first));

	size_t next = 0;

	for (size_t i = 0; i < f->component_count; i++) {
		const struct component *c = &f->components[i];
		const char *key = shares_process(f, i)
					  ? expected_key(s, c->certificate)
					  : NULL;

		ports->first[i] = next;
		for (size_t k = 0; k < c->verify_count; k++)
			ports->probes[next++] = (struct tls_probe){
				.host = c->verify[k].host,
				.port = c->verify[k].port,
				.server_name = c->verify[k].server_name,
				.starttls = c->verify[k].starttls,
				.key = key,
			};
	}
}

static void judge_chains(struct engine *en, const struct snapshot *s,
			 const struct tls_probe *probes, size_t count,
			 struct component_seen *seen)
{
	for (size_t i = 0; i < count && !seen->served_flaw; i++)
		if (probes[i].completed)
			seen->served_flaw = observe_served_flaw(
				en, s, seen->observed_at, &probes[i]);
}

/*
 * What all ports of a component serve together: one fingerprint, or unknown
 * when one did not answer, or the one that differs from what is installed.
 */
static void judge_ports(const struct tls_probe *probes, size_t count,
			struct component_seen *seen)
{
	seen->served = NULL;
	seen->evidence = EVIDENCE_NONE;
	for (size_t i = 0; i < count; i++) {
		const struct tls_probe *p = &probes[i];
		const char *served = p->other ? p->other : p->fingerprint;

		if (!p->completed) {
			seen->served = NULL;
			seen->evidence = EVIDENCE_NONE;
			seen->error = p->error;
			return;
		}
		if (!seen->served || !seen->installed ||
		    strcmp(seen->served, seen->installed) == 0) {
			seen->served = served;
			seen->served_not_after = p->not_after;
		}
		seen->evidence = EVIDENCE_HANDSHAKE;
	}
}

/* One that cannot be reached keeps what was seen of it the last time. */
static void take_answer(const struct job *job, int64_t now, struct arena *arena,
			struct component_seen *seen)
{
	const struct probe_answer *a = &job->answer;

	seen->online = job->done && a->online;
	if (!job->done) {
		seen->error = arena_strdup(arena, job->error.text);
		return;
	}
	seen->observed_at = now;
	seen->version = a->version;
	seen->installed = a->installed;
	seen->chain = a->chain;
	seen->damage = a->damage;
	seen->staged = a->staged;
	seen->unwritable = a->unwritable;
	seen->error = a->error;
	seen->served = a->served;
	seen->served_flaw = NULL;
	seen->served_not_after = 0;
	seen->told = a->sequence;
	seen->told_from = a->lineage;
	seen->evidence = a->served ? EVIDENCE_DRIVER : EVIDENCE_NONE;
}

/* The row of every component of the file; both lists are sorted. */
static struct component_seen *row_of(struct snapshot *s, const char *name,
				     size_t *at)
{
	struct component_seen *rows = (struct component_seen *)s->components;

	while (strcmp(rows[*at].name, name) != 0)
		(*at)++;
	return &rows[*at];
}

bool observe_components(struct engine *en, struct snapshot *s, int64_t now,
			struct err *e)
{
	const struct fleet *f = en->fleet;
	struct ports ports = { 0 };
	struct job *jobs =
		arena_array(&s->arena, f->component_count, sizeof(*jobs));
	size_t at = 0;

	for (size_t i = 0; i < f->component_count; i++)
		jobs[i] = (struct job){ .verb = DRIVER_PROBE,
					.component = &f->components[i],
					.arena = &s->arena };
	drivers_run(en->drivers, jobs, f->component_count);
	list_ports(f, s, &ports);
	if (!tls_probe_all(ports.probes, ports.count, &s->arena, e))
		return err_in(e, "cannot look at what is served");

	for (size_t i = 0; i < f->component_count; i++) {
		struct component_seen *seen =
			row_of(s, f->components[i].name, &at);

		take_answer(&jobs[i], now, &s->arena, seen);
		if (!f->components[i].verify_count)
			continue;
		judge_ports(ports.probes + ports.first[i],
			    f->components[i].verify_count, seen);
		judge_chains(en, s, ports.probes + ports.first[i],
			     f->components[i].verify_count, seen);
	}
	return true;
}
