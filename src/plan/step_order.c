/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/builder.h"

#include "base/fs.h"
#include "base/text.h"
#include "plan/awaited.h"
#include "plan/component_steps.h"
#include "plan/waves.h"

#include <stdlib.h>

/* Schedule under construction: the steps that later ones wait for. */
struct step_schedule {
	struct plan_builder *d;
	VEC(size_t) unsaved; /* steps after which there is more to back up */
	size_t unsaved_kept; /* existing generations and CAs in no bundle */
	size_t published;    /* the last publish step */
	size_t backup;
	VEC(size_t) held_up; /* steps that every stage waits for */
	size_t barrier;      /* last step of the previous wave, or of the all-first commits */
};

static int schedule_compare_index(const void *left, const void *right)
{
	size_t l = *(const size_t *)left;
	size_t r = *(const size_t *)right;

	return l < r ? -1 : l > r;
}

/* Adds a step; returns its index.  `after` may hold NO_STEP and duplicates. */
static size_t schedule_add_step(struct step_schedule *o, struct step step, const size_t *after,
				size_t count)
{
	size_t *edges = arena_array(o->d->kept, count, sizeof(*edges));
	size_t used = 0;

	for (size_t i = 0; i < count; i++)
		if (after[i] != NO_STEP)
			edges[used++] = after[i];
	if (used)
		qsort(edges, used, sizeof(*edges), schedule_compare_index);
	for (size_t i = 0; i < used; i++)
		if (i == 0 || edges[i] != edges[step.after_count - 1])
			edges[step.after_count++] = edges[i];
	step.after = edges;
	VEC_PUSH(&o->d->steps, o->d->kept, step);
	return o->d->steps.count - 1;
}

static struct step component_step(enum step_kind kind, const struct component_build *c)
{
	return (struct step){ .kind = kind,
			      .component = c->name,
			      .certificate = c->certificate->name,
			      .process = c->process,
			      .generation = c->certificate->fingerprint,
			      .wave = NO_WAVE,
			      .reason = c->reason };
}

static void schedule_add_request(struct plan_builder *d, struct step *s, const char *request,
				 const char *was)
{
	struct request_field *fields = arena_array(d->kept, REQUEST_FIELDS, sizeof(*fields));

	s->request = fields;
	s->request_count = request_fields(request, was, d->kept, fields);
}

/* ---- issuers, certificates, backup, stages ---- */

static void order_issuer(struct step_schedule *o, struct issuer_build *i)
{
	struct step step = { .certificate = i->name, .wave = NO_WAVE };

	if (!i->in_scope || i->left)
		return;
	if (!i->authority) {
		step.kind = STEP_CREATE_ISSUER;
		step.reason = i->reason;
		schedule_add_request(o->d, &step, issuer_request(i->issuer, &o->d->scratch),
				     i->replaced ? i->replaced->request : NULL);
		i->step = schedule_add_step(o, step, NULL, 0);
		step.request_count = 0;
		VEC_PUSH(&o->unsaved, &o->d->scratch, i->step);
	} else {
		o->unsaved_kept += !i->authority->bundle;
	}
	if (!i->publish)
		return;
	step.kind = STEP_PUBLISH;
	step.generation = i->authority ? builder_keep(o->d, i->authority->fingerprint) : NULL;
	step.reason = i->publish_reason;
	o->published = schedule_add_step(o, step, (size_t[]){ i->step, o->published }, 2);
}

/* Before anything is staged. */
static void order_export(struct step_schedule *o, struct certificate_build *c, size_t made)
{
	struct plan_builder *d = o->d;
	struct step step = {
		.kind = STEP_EXPORT,
		.certificate = c->name,
		.generation = c->fingerprint,
		.wave = NO_WAVE,
	};

	if (!certificate_exports(d, c))
		return;
	step.reason = arena_printf(
		d->kept, "'%s' will hold the private key, without a password",
		text_escaped(&d->scratch, fs_beneath(d->fleet->directory, c->certificate->export)));
	c->export = schedule_add_step(o, step, &made, 1);
}

static void order_certificate(struct step_schedule *o, struct certificate_build *c)
{
	if (!c->in_scope)
		return;
	c->export = NO_STEP;
	if (c->job == CERTIFICATE_KEEP || c->left) {
		o->unsaved_kept += c->unsaved;
		order_export(o, c, NO_STEP);
		return;
	}

	bool issue = c->job == CERTIFICATE_ISSUE;
	struct step step = {
		.kind = issue ? STEP_ISSUE : STEP_IMPORT,
		.certificate = c->name,
		.generation = c->fingerprint,
		.replaces = c->replaces,
		.wave = NO_WAVE,
		.reason = c->reason,
	};
	size_t issuer = c->issuer ? c->issuer->step : NO_STEP;

	if (issue)
		schedule_add_request(o->d, &step, c->request, c->asked);

	size_t made = schedule_add_step(o, step, &issuer, 1);

	VEC_PUSH(&o->unsaved, &o->d->scratch, made);
	order_export(o, c, made);
}

/*
 * Number of pairs that this plan replaces and the state does not know: the
 * backup step saves them first.
 */
static size_t count_strangers(struct plan_builder *d)
{
	const struct snapshot *s = d->snapshot;
	const char **known = arena_array(&d->scratch, s->generation_count, sizeof(*known));
	size_t strangers = 0;

	for (size_t i = 0; i < s->generation_count; i++)
		known[i] = s->generations[i].fingerprint;
	if (s->generation_count)
		qsort(known, s->generation_count, sizeof(*known), text_compare);
	for (size_t i = 0; i < d->fleet->component_count; i++) {
		const struct component_build *c = &d->components[i];
		const char *there = component_commits(c) ? c->seen->now.installed : NULL;

		if (!there || !*there)
			continue;
		strangers += !text_find(there, known, s->generation_count, sizeof(*known));
	}
	return strangers;
}

/* Number of keys whose recorded bundle is gone or damaged. */
static size_t count_lost(const struct plan_builder *d)
{
	const struct snapshot *s = d->snapshot;
	size_t lost = 0;

	for (size_t i = 0; s->lost_count && i < s->generation_count; i++) {
		const struct generation *g = &s->generations[i];

		lost += g->bundle && !g->pending && g->not_after > d->in->at &&
			snapshot_lost(s, g->bundle);
	}
	return lost;
}

bool schedule_wants_backup(struct plan_builder *d)
{
	for (size_t i = 0; i < d->fleet->issuer_count; i++) {
		const struct issuer_build *issuer = &d->issuers[i];

		if (issuer->in_scope && (!issuer->authority || !issuer->authority->bundle))
			return true;
	}
	for (size_t i = 0; i < d->fleet->certificate_count; i++) {
		const struct certificate_build *c = &d->certificates[i];

		if (c->in_scope && (c->job != CERTIFICATE_KEEP || c->unsaved))
			return true;
	}
	return count_strangers(d) || count_lost(d);
}

static void order_backup(struct step_schedule *o)
{
	size_t count =
		o->unsaved.count + o->unsaved_kept + count_strangers(o->d) + count_lost(o->d);

	if (!count)
		return;

	const char *reason =
		count == 1
			? "1 key is in no verified bundle yet"
			: arena_printf(o->d->kept, "%zu keys are in no verified bundle yet", count);

	o->backup = schedule_add_step(
		o, (struct step){ .kind = STEP_BACKUP, .wave = NO_WAVE, .reason = reason },
		o->unsaved.items, o->unsaved.count);
}

/* A copy that is known to fail has no step. */
static void order_copies(struct step_schedule *o)
{
	const struct snapshot *s = o->d->snapshot;

	VEC_PUSH(&o->held_up, &o->d->scratch, NO_STEP); /* of its certificate's export */
	VEC_PUSH(&o->held_up, &o->d->scratch, o->backup);
	VEC_PUSH(&o->held_up, &o->d->scratch, o->published);
	for (size_t i = 0; i < s->copy_count; i++) {
		const struct copy_seen *c = &s->copies[i];
		struct step step = { .kind = STEP_COPY, .wave = NO_WAVE };
		size_t made = NO_STEP;

		if (c->error || (o->backup == NO_STEP && !c->missing))
			continue;
		step.copy = builder_keep(o->d, c->copy);
		step.reason = o->backup != NO_STEP
				      ? "it gets the new bundle"
				      : arena_printf(o->d->kept, "it lacks the bundle '%s'",
						     text_escaped(&o->d->scratch, c->missing));
		made = schedule_add_step(o, step, &o->backup, 1);
		VEC_PUSH(&o->held_up, &o->d->scratch, made);
	}
}

static void order_stages(struct step_schedule *o)
{
	for (size_t i = 0; i < o->d->fleet->component_count; i++) {
		struct component_build *c = &o->d->components[i];

		if (!c->write || c->handed)
			continue;
		o->held_up.items[0] = c->certificate->export;
		c->stage = schedule_add_step(o, component_step(STEP_STAGE, c), o->held_up.items,
					     o->held_up.count);
		c->certificate->last_stage = c->stage;
	}
}

/* ---- commits and waves ---- */

static void order_commit(struct step_schedule *o, struct component_build *c, int wave)
{
	struct step step = component_step(STEP_COMMIT, c);
	size_t first = wave == NO_WAVE ? NO_STEP : o->barrier;

	step.replaces = builder_keep(o->d, c->seen->now.installed);
	step.wave = wave;
	c->commit = schedule_add_step(o, step,
				      (size_t[]){ c->stage, c->certificate->last_stage, first }, 3);
}

static void order_first_commits(struct step_schedule *o)
{
	size_t last = NO_STEP;

	for (size_t i = 0; i < o->d->fleet->component_count; i++) {
		struct component_build *c = &o->d->components[i];

		if (!component_commits(c) || !component_commits_first(c))
			continue;
		order_commit(o, c, NO_WAVE);
		last = c->commit;
	}
	o->barrier = last;
}

/* Adds the activation; returns the step the verifications wait for, or NO_STEP. */
static size_t order_activation(struct step_schedule *o, struct process_build *p, int wave)
{
	struct component_build *c = p->activator;

	if (!c)
		return NO_STEP;

	size_t *after = arena_array(&o->d->scratch, p->member_count + 1, sizeof(*after));
	struct step step = component_step(STEP_ACTIVATE, c);

	for (size_t i = 0; i < p->member_count; i++)
		after[i] = p->members[i]->commit;
	after[p->member_count] = o->barrier;
	step.activation = component_activation(c->component, c->seen);
	step.wave = wave;
	if (c->write)
		step.reason = "its process has to take the new pair into use";
	return schedule_add_step(o, step, after, p->member_count + 1);
}

static void order_rollback(struct step_schedule *o, const struct component_build *c, int wave)
{
	struct step step = component_step(STEP_ROLLBACK, c);

	step.generation = builder_keep(o->d, c->seen->replaced);
	step.replaces = builder_keep(o->d, c->seen->now.installed);
	step.activation = component_activation(c->component, c->seen);
	step.wave = wave;
	schedule_add_step(o, step, &o->barrier, 1);
}

/* Clears the stores of the component; takes the place of its commit and activation. */
static void order_revert(struct step_schedule *o, struct component_build *c, int wave)
{
	struct step step = component_step(STEP_REVERT, c);

	step.activation = ACTIVATION_RESTART;
	step.wave = wave;
	c->commit = schedule_add_step(o, step, &o->barrier, 1);
}

static void order_process(struct step_schedule *o, struct process_build *p, int wave)
{
	for (size_t i = 0; i < p->member_count; i++)
		if (p->members[i]->put_back)
			order_rollback(o, p->members[i], wave);
	for (size_t i = 0; i < p->member_count; i++)
		if (component_commits(p->members[i]) && p->members[i]->commit == NO_STEP)
			order_commit(o, p->members[i], wave);
	for (size_t i = 0; i < p->member_count; i++)
		if (p->members[i]->revert)
			order_revert(o, p->members[i], wave);

	size_t activation = order_activation(o, p, wave);

	for (size_t i = 0; i < p->member_count; i++) {
		struct component_build *c = p->members[i];

		if (!c->verify)
			continue;

		struct step step = component_step(STEP_VERIFY, c);
		size_t own = activation == NO_STEP ? c->commit : activation;

		step.wave = wave;
		if (activation != NO_STEP || c->write || c->revert)
			step.reason = "a handshake has to prove it";
		schedule_add_step(o, step, (size_t[]){ own, c->commit, o->barrier }, 3);
	}
}

/* ---- retired components ---- */

static void order_removed(struct step_schedule *o, const struct component_seen *seen)
{
	const struct step step = {
		.kind = STEP_RETIRE,
		.component = builder_keep(o->d, seen->name),
		.certificate = builder_keep(o->d, seen->certificate),
		.wave = NO_WAVE,
		.reason = seen->retire_remove ? "it left the fleet file, its files are removed"
					      : "it left the fleet file, its files stay",
	};

	schedule_add_step(o, step, &o->barrier, 1);
}

void schedule_steps(struct plan_builder *d)
{
	struct step_schedule o = {
		.d = d, .published = NO_STEP, .backup = NO_STEP, .barrier = NO_STEP
	};

	if (d->run_left)
		return;
	for (size_t i = 0; i < d->fleet->issuer_count; i++)
		order_issuer(&o, &d->issuers[i]);
	for (size_t i = 0; i < d->fleet->certificate_count; i++)
		order_certificate(&o, &d->certificates[i]);
	order_backup(&o);
	order_copies(&o);
	order_stages(&o);
	order_first_commits(&o);
	for (size_t i = 0; i < d->wave_builds.count; i++) {
		const struct wave_build *w = &d->wave_builds.items[i];
		size_t before = d->steps.count;

		for (size_t k = 0; k < w->process_count; k++)
			order_process(&o, w->processes[k], (int)i);
		if (d->steps.count > before)
			o.barrier = d->steps.count - 1;
	}
	for (size_t i = 0; !d->retirements_left && i < d->removed.count; i++)
		order_removed(&o, d->removed.items[i]);
}
