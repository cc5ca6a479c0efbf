/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/preconditions.h"

#include "base/clock.h"
#include "base/text.h"
#include "model/client_view.h"
#include "plan/acks.h"
#include "plan/awaited.h"
#include "plan/component_steps.h"
#include "plan/diff.h"
#include "plan/from_backup.h"
#include "plan/precondition.h"
#include "plan/use.h"
#include "plan/waves.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
	SHORT_LEAF_PERCENT = 10,
	RETIRE_MANY = 20, /* at once, without a question */
};

/* ---- the fleet ---- */

/* Whether the plan would have a step. */
static bool wants_anything(const struct plan_builder *d)
{
	for (size_t i = 0; i < d->fleet->issuer_count; i++)
		if (d->issuers[i].in_scope && (!d->issuers[i].authority || d->issuers[i].publish))
			return true;
	for (size_t i = 0; i < d->fleet->certificate_count; i++) {
		const struct certificate_build *c = &d->certificates[i];

		if (c->job != CERTIFICATE_KEEP || c->unsaved || c->hold_begins || c->hold_ends)
			return true;
	}
	for (size_t i = 0; i < d->fleet->component_count; i++)
		if (component_has_step(&d->components[i]))
			return true;
	return d->removed.count > 0;
}

/* Why the fleet should have a state. */
static void check_state(struct plan_builder *d)
{
	const struct snapshot *s = d->snapshot;
	struct precondition_spec f = {
		.code = CODE_STATE_MISSING,
		.severity = precondition_severity(CODE_STATE_MISSING, wants_anything(d)),
		.name = "",
	};

	if (s->state_exists)
		return;
	if (s->orphan_bundle) {
		f.message = arena_printf(d->kept,
					 "there is no state, but the bundle '%s' of this fleet",
					 text_escaped(&d->scratch, s->orphan_bundle));
	} else if (s->missing_lineage) {
		f.message = arena_printf(
			d->kept,
			"there is no state, but certfleet.lineage beside the fleet file says that this fleet has one (%.8s)",
			text_escaped(&d->scratch, s->missing_lineage));
		f.remedy =
			"restore it with 'certfleet backup restore BUNDLE', bring back a copy of the state directory, or remove certfleet.lineage if this is a new fleet";
	} else if (d->fleet->state.required) {
		f.message = "there is no state, and the fleet file requires one";
		f.remedy =
			"restore it with 'certfleet backup restore BUNDLE', or bring back a copy of the state directory";
	} else {
		return;
	}
	precondition_add(d, &f);
}

static void check_newer_bundle(struct plan_builder *d)
{
	const struct snapshot *s = d->snapshot;

	if (!s->newer_bundle)
		return;
	precondition_add(
		d,
		&(struct precondition_spec){
			.code = CODE_STATE_BEHIND,
			.severity = precondition_severity(CODE_STATE_BEHIND, wants_anything(d)),
			.name = "",
			.message = arena_printf(
				d->kept,
				"the bundle '%s' was made from a newer state; the serial of this one is %" PRId64,
				text_escaped(&d->scratch, s->newer_bundle), s->serial),
			.remedy = arena_printf(
				d->kept,
				"apply with the newest copy of the state directory, or make it from that bundle with 'certfleet backup restore %s'",
				text_escaped(&d->scratch, s->newer_bundle)),
		});
}

/* A bundle is to be written before anything is staged. */
static void check_backup_directory(struct plan_builder *d)
{
	struct precondition_spec f = {
		.code = CODE_TARGET_UNWRITABLE,
		.severity = precondition_severity(CODE_TARGET_UNWRITABLE, schedule_wants_backup(d)),
		.name = "",
	};

	if (!d->snapshot->backup_unwritable)
		return;
	precondition_split(d, d->snapshot->backup_unwritable, &f);
	f.message = arena_printf(d->kept, "the directory of the backups: %s", f.message);
	precondition_add(d, &f);
}

static void check_bundles(struct plan_builder *d)
{
	const struct snapshot *s = d->snapshot;

	for (size_t i = 0; i < s->lost_count; i++)
		precondition_add(d, &(struct precondition_spec){
					    .code = CODE_BACKUP_MISSING,
					    .severity = SEVERITY_INFO,
					    .name = "",
					    .message = arena_strdup(d->kept, s->lost[i].message),
				    });
}

/*
 * A copy that fails asks where anything else is to be done; alone, it is told and
 * tried again by the next apply.
 */
static void check_copy(struct plan_builder *d, const struct copy_seen *c)
{
	const struct subject nothing = { 0 };
	struct precondition_spec failed = { .code = CODE_BACKUP_COPY_FAILED,
					    .severity = precondition_severity(
						    CODE_BACKUP_COPY_FAILED, wants_anything(d)),
					    .name = c->copy };

	if (acks_given(d, CODE_BACKUP_COPY_FAILED, c->copy, &nothing) ||
	    acks_stand(d, CODE_BACKUP_COPY_FAILED, c->copy, &nothing))
		VEC_PUSH(&d->accepted_copies, d->kept, builder_keep(d, c->copy));
	if (c->error) {
		precondition_split(d, c->error, &failed);
		precondition_add(d, &failed);
	} else if (c->missing) {
		precondition_add(d, &(struct precondition_spec){
					    .code = CODE_BACKUP_MISSING,
					    .severity = SEVERITY_INFO,
					    .name = c->copy,
					    .message = arena_printf(
						    d->kept, "the bundle '%s' is not copied there",
						    text_escaped(&d->scratch, c->missing)),
					    .remedy = "'certfleet apply' copies it",
				    });
	}
}

/* A rename alone is work for an apply, which records it in the state. */
static void check_renamed(struct plan_builder *d)
{
	const struct snapshot *s = d->snapshot;
	const char **items = arena_array(d->kept, s->renamed_count, sizeof(*items));

	for (size_t i = 0; i < s->renamed_count; i++)
		items[i] =
			arena_printf(d->kept, "%s %s -> %s", renamed_kind_names[s->renamed[i].kind],
				     text_escaped(&d->scratch, s->renamed[i].old),
				     text_escaped(&d->scratch, s->renamed[i].name));
	if (!s->renamed_count)
		return;
	precondition_add(
		d,
		&(struct precondition_spec){
			.code = CODE_RENAMED,
			.severity = SEVERITY_INFO,
			.name = "",
			.message = arena_printf(
				d->kept,
				"the state records %zu new name%s; nothing is issued again for that",
				s->renamed_count, s->renamed_count == 1 ? "" : "s"),
			.items = items,
			.item_count = s->renamed_count,
		});
}

static void check_removal(struct plan_builder *d)
{
	size_t count = d->removed.count;

	if (count <= RETIRE_MANY && (count < 2 || count * 2 <= d->known_count))
		return;
	precondition_add(d,
			 &(struct precondition_spec){
				 .code = CODE_MASS_RETIRE,
				 .severity = code_rows[CODE_MASS_RETIRE].severity,
				 .name = "",
				 .message = arena_printf(
					 d->kept, "%zu of %zu known components left the fleet file",
					 count, d->known_count),
			 });
}

/* ---- certificates ---- */

/* Whether the leaf was shortened to its issuer's expiry. */
static bool is_cut(const struct certificate_build *c, int64_t end)
{
	const struct generation *g = c->kept;

	return g && g->source == SOURCE_ISSUED && g->not_after >= end &&
	       g->not_after - g->not_before < c->certificate->validity;
}

/* Warns of a leaf shortened by its issuer's expiry; asks when little is left. */
static void check_issuer_end(struct plan_builder *d, const struct certificate_build *c)
{
	int64_t end = c->issuer ? issuer_end(d, c->issuer) : INT64_MAX;
	int64_t left = end - d->in->at;
	int64_t wanted = c->certificate->validity;
	bool issued = c->job == CERTIFICATE_ISSUE;
	bool short_leaf = left < wanted * SHORT_LEAF_PERCENT / 100;
	char left_text[DURATION_TEXT];
	char wanted_text[DURATION_TEXT];

	if (issued ? left >= wanted : !is_cut(c, end))
		return;
	precondition_add_certificate(
		d, c, CODE_ISSUER_EXPIRES, issued && short_leaf,
		arena_printf(d->kept, "issuer '%s' ends in %s, the certificate should last %s",
			     c->issuer->name, duration_about(left, left_text),
			     duration_words(wanted, wanted_text)));
}

/* No step makes a certificate valid that somebody else made. */
static void check_refusal(struct plan_builder *d, const struct certificate_build *c)
{
	const struct generation *g = c->desired;
	const char *dates = g ? refusal_by_dates(g, d->in->at, d->kept) : NULL;
	bool imported = c->job == CERTIFICATE_IMPORT;

	if (!g)
		return;
	if (d->snapshot->source && g->not_after <= d->in->at)
		dates = NULL; /* `expired-in-backup` */
	if (dates)
		precondition_add_certificate(d, c,
					     c->certificate->import.kind == IMPORT_NONE
						     ? CODE_INVALID
						     : CODE_IMPORT_INVALID,
					     imported || c->staged, dates);
	if (g->view && g->view->gap)
		precondition_add_certificate(d, c, CODE_CHAIN_OPEN,
					     imported && !g->view->issuer_known,
					     builder_keep(d, g->view->gap));
}

/* An import that is gone or damaged: the last one, if any, stays in use. */
static void check_unreadable_import(struct plan_builder *d, const struct certificate_build *c)
{
	const char *rest =
		c->desired ? "the last import stays in use" : "no earlier import is known";
	const char *error = c->import_error ? c->import_error : "its file or password is not there";
	bool refused = !c->import_missing || !c->desired;
	struct precondition_spec f = precondition_of_certificate(
		c, c->import_missing ? CODE_IMPORT_MISSING : CODE_IMPORT_INVALID, true);

	if (!c->import_missing && !c->import_error)
		return;
	f.severity = refused ? SEVERITY_BLOCK : SEVERITY_INFO;
	precondition_split(d, error, &f);
	f.message = arena_printf(d->kept, "%s; %s", f.message, rest);
	precondition_add(d, &f);
}

static void check_shared_key(struct plan_builder *d, const struct certificate_build *c)
{
	struct precondition_spec f = precondition_of_certificate(c, CODE_SHARED_KEY, true);

	f.message = "several hosts use one key: it falls with any of them";
	if (c->certificate->one_key)
		f.remedy = "the product has one for all its parts: guard each host as the others";
	precondition_add(d, &f);
}

/* Where the pair is written for people. */
static void check_export(struct plan_builder *d, const struct certificate_build *c)
{
	const char *path = c->certificate->export;
	const struct written_file *f = path ? snapshot_written(d->snapshot, path) : NULL;
	struct precondition_spec p =
		precondition_of_certificate(c, CODE_TARGET_UNWRITABLE, certificate_exports(d, c));

	if (!f || !f->unwritable)
		return;
	precondition_split(d, f->unwritable, &p);
	precondition_add(d, &p);
}

static void check_certificate(struct plan_builder *d, const struct certificate_build *c)
{
	if (!c->in_scope)
		return;
	if (c->certificate->builtin && (c->here || c->remote || c->host))
		precondition_add_certificate(
			d, c, CODE_BUILTIN, false,
			"the built-in certificate ended on 2019-03-07: what has not accepted it before refuses it");
	check_issuer_end(d, c);
	check_refusal(d, c);
	check_unreadable_import(d, c);
	check_export(d, c);
	use_check(d, c);
	if (c->several_hosts && (c->staged || c->job != CERTIFICATE_KEEP))
		check_shared_key(d, c);
}

/* Marks staged certificates and those used on several hosts. */
static void look_at_users(struct plan_builder *d)
{
	for (size_t i = 0; i < d->fleet->component_count; i++) {
		const struct component_build *c = &d->components[i];
		struct certificate_build *used = c->certificate;
		const char *remote = c->component->deliver.remote;
		const char *host = c->component->host ? c->component->host : remote;

		used->staged |= c->write;
		used->remote |= remote != NULL;
		used->here |= !host;
		used->several_hosts |= used->here && used->remote;
		if (!host)
			continue;
		used->several_hosts |= used->host && strcmp(used->host, host);
		used->host = host;
	}
}

static void check_undeclared(struct plan_builder *d)
{
	for (size_t i = 0; i < d->snapshot->undeclared_count; i++)
		precondition_add(
			d,
			&(struct precondition_spec){
				.code = CODE_UNDECLARED,
				.severity = SEVERITY_INFO,
				.name = d->snapshot->undeclared[i],
				.message =
					"the AppMon Server has this collector, the fleet file has not",
			});
}

/* ---- all preconditions ---- */

void preconditions_check(struct plan_builder *d)
{
	check_state(d);
	check_newer_bundle(d);
	check_backup_directory(d);
	check_bundles(d);
	for (size_t i = 0; i < d->snapshot->copy_count; i++)
		check_copy(d, &d->snapshot->copies[i]);
	check_renamed(d);
	check_removal(d);
	approvals_check_needed(d);
	acks_check_standing(d);
	for (size_t i = 0; i < d->fleet->issuer_count; i++)
		precondition_issuer(d, &d->issuers[i]);
	look_at_users(d);
	for (size_t i = 0; i < d->fleet->certificate_count; i++)
		check_certificate(d, &d->certificates[i]);
	from_backup_check(d);
	for (size_t i = 0; i < d->fleet->component_count; i++)
		precondition_component(d, &d->components[i]);
	check_undeclared(d);
	precondition_clocks(d, wants_anything(d));
	precondition_roles(d);
	waves_check(d);
}

/* What a reviewer has to see before all else. */
static bool is_reach(const struct precondition *p)
{
	return !strcmp(p->code, code_rows[CODE_FIRST_CONTACT].name) ||
	       !strcmp(p->code, code_rows[CODE_POLICY_CHANGED].name);
}

static int compare_preconditions(const void *left, const void *right)
{
	const struct precondition *l = left;
	const struct precondition *r = right;

	if (is_reach(l) != is_reach(r))
		return is_reach(l) ? -1 : 1;
	if (l->severity != r->severity)
		return l->severity < r->severity ? -1 : 1;

	int order = strcmp(l->code, r->code);

	if (!order)
		order = strcmp(l->message, r->message);
	return order ? order : strcmp(l->component, r->component);
}

void preconditions_sort(struct plan_builder *d)
{
	if (d->preconditions.count)
		qsort(d->preconditions.items, d->preconditions.count,
		      sizeof(*d->preconditions.items), compare_preconditions);
}
