/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/diff.h"

#include "base/clock.h"
#include "base/text.h"
#include "model/issue_request.h"
#include "model/renewal.h"

#include <string.h>

/* "expired 3 days ago"; NULL: not expired. */
static const char *expired(struct plan_builder *d, int64_t not_after)
{
	char since[DURATION_TEXT];

	if (d->in->at < not_after)
		return NULL;
	return arena_printf(d->kept, "expired %s ago",
			    duration_about(d->in->at - not_after, since));
}

/* ---- issuers ---- */

static void diff_authority(struct plan_builder *d, struct issuer_build *i)
{
	const struct generation *newest = snapshot_newest(d->snapshot, OF_ISSUER, i->issuer->name);

	if (d->snapshot->source) {
		i->authority = newest; /* nothing is made: see plan/from_backup.h */
		return;
	}
	if (!newest) {
		i->reason = "the issuer has no CA certificate yet";
		return;
	}
	i->reason =
		request_changes(newest->request, issuer_request(i->issuer, &d->scratch), d->kept);
	if (!i->reason)
		i->reason = expired(d, newest->not_after);
	if (i->reason)
		i->replaced = newest;
	else
		i->authority = newest;
}

int64_t issuer_end(const struct plan_builder *d, const struct issuer_build *i)
{
	return i->authority ? i->authority->not_after : d->in->at + i->issuer->validity;
}

static void diff_published(struct plan_builder *d, struct issuer_build *i)
{
	const struct publish_seen *seen = snapshot_published(d->snapshot, i->issuer->name);

	if (!i->issuer->publish || (i->authority && seen && seen->current))
		return;
	i->publish = true;
	i->publish_reason =
		i->authority ? "what is published is not current" : "its authority is new";
}

void diff_issuers(struct plan_builder *d)
{
	for (size_t i = 0; i < d->fleet->issuer_count; i++) {
		if (!d->issuers[i].in_scope)
			continue;
		diff_authority(d, &d->issuers[i]);
		diff_published(d, &d->issuers[i]);
	}
}

/* ---- generations of one certificate ---- */

static void diff_store(struct certificate_build *c, const struct generation *g,
		       struct plan_builder *d)
{
	c->job = CERTIFICATE_KEEP;
	c->fingerprint = builder_keep(d, g->fingerprint);
	c->chain = g->chain;
	c->kept = c->desired = g;
	/* What has ended goes into no bundle any more. */
	c->unsaved = !g->bundle && g->not_after > d->in->at;
}

/* ---- issued certificates ---- */

static const char *due(struct plan_builder *d, const struct certificate_build *c,
		       const struct generation *g)
{
	int64_t renew_at = renewal_due_at(g, c->certificate);
	const char *ended = expired(d, g->not_after);
	int64_t end = d->in->at + c->certificate->validity;
	int64_t issuer = c->issuer ? issuer_end(d, c->issuer) : end;
	char left[DURATION_TEXT];
	char before[DURATION_TEXT];
	char earlier[DURATION_TEXT];
	int64_t spread = renewal_spread(g, c->certificate);

	if (d->in->at < renew_at)
		return NULL;
	if (ended)
		return ended;
	/* no leaf outlives its issuer, so a new one would end no later */
	if (end <= g->not_after || issuer <= g->not_after)
		return NULL;
	duration_about(g->not_after - d->in->at, left);
	duration_about(g->not_after - renew_at - spread, before);
	duration_about(spread, earlier);
	return arena_printf(d->kept, "expires in %s, renew_before is %s%s%s%s", left, before,
			    spread ? ", moved earlier by " : "", spread ? earlier : "",
			    spread ? " (spread)" : "");
}

/* Reason why `g` is replaced, the most telling first; NULL: kept. */
static const char *objection(struct plan_builder *d, const struct certificate_build *c,
			     const struct generation *g, const char *request)
{
	const char *reason = request_changes(g->request, request, d->kept);

	if (reason)
		return reason;
	if (c->issuer &&
	    (!c->issuer->authority || strcmp(c->issuer->authority->fingerprint, g->authority) != 0))
		return "its issuer is replaced";
	return due(d, c, g);
}

/*
 * Whether the interrupted run, or one that it went on from, reissued the certificate
 * already.  Compared by fingerprint, not by time: two generations may be from the
 * same second.
 */
static bool is_reissued(const struct plan_builder *d, const char *name,
			const struct generation *newest)
{
	const struct plan *broken = d->in->broken;

	for (size_t i = 0; broken && newest && i < broken->step_count; i++) {
		const struct step *s = &broken->steps[i];

		if (s->kind == STEP_ISSUE && !strcmp(s->certificate, name))
			return !s->replaces || strcmp(s->replaces, newest->fingerprint) != 0;
	}
	return broken && newest;
}

static void diff_issued(struct plan_builder *d, struct certificate_build *c)
{
	const struct generation *newest = snapshot_newest_from(d->snapshot, c->name, SOURCE_ISSUED);
	const struct generation *imported =
		snapshot_newest_from(d->snapshot, c->name, SOURCE_IMPORTED);
	const char *request = certificate_request(c->certificate, &d->scratch);

	c->job = CERTIFICATE_ISSUE;
	c->replaces = newest ? builder_keep(d, newest->fingerprint) : NULL;
	c->request = request;
	c->asked = newest ? newest->request : NULL;
	c->reissue = c->reissue && !is_reissued(d, c->name, newest);
	if (c->reissue)
		c->reason = "asked for by --reissue";
	else if (c->held)
		diff_store(c, c->held, d);
	else if (imported && (!newest || imported > newest))
		c->reason = "it was imported until now";
	else if (!newest)
		c->reason = "first issue";
	else
		c->reason = objection(d, c, newest, request);
	if (!c->reason && !c->held)
		diff_store(c, newest, d);
}

/* ---- imports ---- */

static const char *import_reason(struct plan_builder *d, const struct generation *newest,
				 const struct generation *found)
{
	if (!newest)
		return "first import";
	if (strcmp(newest->fingerprint, found->fingerprint) == 0)
		return "its chain changed";
	return arena_printf(d->kept, "its file holds %s now, not %s",
			    builder_short(d, found->fingerprint),
			    builder_short(d, newest->fingerprint));
}

static void diff_found(struct plan_builder *d, struct certificate_build *c,
		       const struct generation *found)
{
	const struct generation *known = snapshot_same_import(d->snapshot, c->name, found);

	if (known) {
		diff_store(c, known, d);
		if (found->view) /* with what clients see of it */
			c->desired = found;
		return;
	}
	c->job = CERTIFICATE_IMPORT;
	c->desired = found;
	c->fingerprint = builder_keep(d, found->fingerprint);
	c->chain = found->chain;
	c->reason = import_reason(d, snapshot_newest_from(d->snapshot, c->name, SOURCE_IMPORTED),
				  found);
}

static void diff_import(struct plan_builder *d, struct certificate_build *c)
{
	const char *name = c->certificate->name;
	const struct import_seen *seen = snapshot_import(d->snapshot, name);

	if (seen && import_is_known(seen)) {
		diff_found(d, c, &seen->found);
		return;
	}

	const struct generation *known = snapshot_last_import(d->snapshot, name);

	if (seen && seen->unopened && (seen->found.file || !known)) {
		/* A confined plan may not open it: the file's hash decides. */
		c->job = CERTIFICATE_IMPORT;
		c->reason = known           ? "its file is not the one that was imported"
			    : seen->missing ? "first import, but its file is not there"
					    : "first import";
		return;
	}
	if (known)
		diff_store(c, known, d);
	c->import_missing = !seen || seen->missing;
	if (seen && seen->error && !seen->unopened)
		c->import_error = text_escaped(d->kept, seen->error);
}

/* ---- a bundle's ---- */

/* The state may have lost what the bundle holds. */
static void diff_from_backup(struct plan_builder *d, struct certificate_build *c)
{
	const struct generation *found = snapshot_from_source(d->snapshot, c->name);
	size_t count = 0;
	const struct generation *all =
		snapshot_generations(d->snapshot, OF_CERTIFICATE, c->name, &count);

	for (size_t i = count; i-- > 0;)
		if (!all[i].pending && !strcmp(all[i].fingerprint, found->fingerprint) &&
		    text_equal(all[i].chain, found->chain)) {
			diff_store(c, &all[i], d);
			return;
		}
	c->job = CERTIFICATE_IMPORT;
	c->desired = found;
	c->fingerprint = builder_keep(d, found->fingerprint);
	c->chain = found->chain;
	c->reason = arena_printf(d->kept, "from the bundle '%s'",
				 text_escaped(&d->scratch, d->snapshot->source->name));
}

void diff_certificates(struct plan_builder *d)
{
	for (size_t i = 0; i < d->fleet->certificate_count; i++) {
		struct certificate_build *c = &d->certificates[i];

		if (!c->in_scope)
			continue;
		if (c->certificate->builtin)
			c->job = CERTIFICATE_KEEP;
		else if (d->snapshot->source)
			diff_from_backup(d, c);
		else if (certificate_is_issued(c->certificate))
			diff_issued(d, c);
		else
			diff_import(d, c);
	}
}
