/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/use.h"

#include "base/clock.h"
#include "base/text.h"
#include "model/issue_request.h"
#include "plan/precondition.h"
#include "plan/scope.h"

#include <string.h>

enum {
	PREFIX_LEAST = 8, /* hex digits of a fingerprint */
};

static bool is_usable(const struct generation *g)
{
	return !g->pending && g->source == SOURCE_ISSUED;
}

/* "1a2b3c4d5e6f (ends 2026-12-01T00:00:00Z), ..." of those that can be used at `at`. */
static const char *list_usable(struct plan_builder *d, const struct generation *g, size_t count)
{
	AUTO(buf) out = { 0 };
	char end[TIME_TEXT];

	for (size_t i = count; i-- > 0;)
		if (is_usable(&g[i]) && hold_latest_end(&g[i]) > d->in->at)
			buf_printf(&out, "%s%.12s (ends %s)", out.len ? ", " : "", g[i].fingerprint,
				   time_format(g[i].not_after, end));
	return arena_strdup(&d->scratch, out.len ? buf_text(&out) : "none");
}

static bool is_prefix(const char *text, const char *fingerprint)
{
	size_t len = strlen(text);

	return len >= PREFIX_LEAST && !strncmp(text, fingerprint, len);
}

static bool use_find_fingerprint(struct plan_builder *d, const struct certificate_build *c,
				 const char *which, const struct generation **out, struct err *e)
{
	size_t count = 0;
	const struct generation *g =
		snapshot_generations(d->snapshot, OF_CERTIFICATE, c->name, &count);
	const char *shown = text_escaped(&d->scratch, which);
	const struct generation *found = NULL;

	for (size_t i = 0; i < count; i++) {
		if (!is_usable(&g[i]) || !is_prefix(which, g[i].fingerprint))
			continue;
		if (found)
			return err_set(e, ERR_USAGE,
				       "'%s' is the beginning of several generations of '%s'",
				       shown, c->name);
		found = &g[i];
	}
	if (!found)
		return err_set(
			e, ERR_USAGE,
			"'%s' has no issued generation '%s' (a fingerprint, of which 8 digits are enough); there are: %s",
			c->name, shown, list_usable(d, g, count));
	*out = found;
	return true;
}

/* The issued generation before the newest one. */
static bool use_find_previous(struct plan_builder *d, const struct certificate_build *c,
			      const struct generation **out, struct err *e)
{
	size_t count = 0;
	const struct generation *g =
		snapshot_generations(d->snapshot, OF_CERTIFICATE, c->name, &count);
	const struct generation *newest = snapshot_newest_from(d->snapshot, c->name, SOURCE_ISSUED);

	for (size_t i = count; i-- > 0;)
		if (is_usable(&g[i]) && &g[i] != newest) {
			*out = &g[i];
			return true;
		}
	return err_set(
		e, ERR_USAGE,
		"'%s' has no former generation that was issued and has not ended; '--reissue %s' makes a new one",
		c->name, c->name);
}

/* Sets the end of the hold. */
static bool use_begin(struct plan_builder *d, struct certificate_build *c,
		      const struct generation *g, struct err *e)
{
	int64_t latest = hold_latest_end(g);
	int64_t until = d->in->choices.until;
	size_t count = 0;
	const struct generation *all =
		snapshot_generations(d->snapshot, OF_CERTIFICATE, c->name, &count);
	char end[TIME_TEXT];
	char most[TIME_TEXT];

	if (latest <= d->in->at)
		return err_set(
			e, ERR_USAGE,
			"generation %.12s of '%s' ends at %s, and is used until 24 hours before that at most; there are: %s",
			g->fingerprint, c->name, time_format(g->not_after, end),
			list_usable(d, all, count));
	if (until && (until <= d->in->at || until > latest))
		return err_set(
			e, ERR_USAGE,
			"--until %s: generation %.12s of '%s' can be used from now until %s, 24 hours before it ends",
			time_format(until, end), g->fingerprint, c->name,
			time_format(latest, most));
	if (!until)
		until = c->held == g ? c->held_until : hold_usual_end(g, d->in->at);
	c->hold_begins = c->held != g || until != c->held_until;
	c->hold_ends = c->held != g ? c->held : NULL;
	c->held = g;
	c->held_until = until;
	return true;
}

static bool use_read_one(struct plan_builder *d, struct certificate_build *c, const char *which,
			 struct err *e)
{
	const struct generation *newest = snapshot_newest_from(d->snapshot, c->name, SOURCE_ISSUED);
	const struct generation *g = newest;

	if (c->certificate->import.kind != IMPORT_NONE)
		return err_set(e, ERR_USAGE,
			       "'%s' is imported, not issued: put back its former file", c->name);
	if (c->certificate->builtin)
		return err_set(e, ERR_USAGE, "'%s' is built in: it has no former certificate",
			       c->name);
	if (c->reissue)
		return err_set(e, ERR_USAGE, "'%s' is named by --reissue too", c->name);
	if (!strcmp(which, "previous")) {
		if (!use_find_previous(d, c, &g, e))
			return false;
	} else if (strcmp(which, "newest") != 0 && !use_find_fingerprint(d, c, which, &g, e)) {
		return false;
	}
	if (g != newest)
		return use_begin(d, c, g, e);
	c->hold_ends = c->held;
	c->held = NULL;
	return true;
}

/* An item of a group may hold an '@' as well. */
static bool use_read(struct plan_builder *d, const char *text, struct err *e)
{
	const char *at = strrchr(text, '@');
	const char *shown = text_escaped(&d->scratch, text);

	if (!at || at == text || !at[1])
		return err_set(
			e, ERR_USAGE,
			"'%s' is not CERTIFICATE@FINGERPRINT, CERTIFICATE@previous or CERTIFICATE@newest",
			shown);

	const struct plan_target named = { .kind = TARGET_CERTIFICATE,
					   .name = arena_strndup(&d->scratch, text,
								 (size_t)(at - text)) };
	struct plan_target item = named;
	struct targets one = { .list = &item, .count = 1 };

	for (size_t i = 0; i < d->fleet->certificate_count; i++) {
		struct certificate_build *c = &d->certificates[i];
		const struct subject s = { .certificate = c->certificate->name };

		if (c->in_scope && targets_cover(&one, &s) && !use_read_one(d, c, at + 1, e))
			return false;
	}
	return item.used || scope_refuse_certificate(d, &named, e);
}

bool uses_read(struct plan_builder *d, struct err *e)
{
	const struct choices *choices = &d->in->choices;

	for (size_t i = 0; i < d->fleet->certificate_count && !d->snapshot->source; i++) {
		struct certificate_build *c = &d->certificates[i];

		if (c->certificate->import.kind == IMPORT_NONE)
			c->held = held_generation(d->snapshot, c->certificate, d->in->at);
		c->held_until = c->held ? c->held->held_until : 0;
		if (c->reissue) {
			c->hold_ends = c->held;
			c->held = NULL;
		}
	}
	if (choices->until && !choices->use_count)
		return err_set(e, ERR_USAGE, "--until goes with --use");
	for (size_t i = 0; i < choices->use_count; i++)
		if (!use_read(d, choices->use[i], e))
			return err_in(e, "--use");
	return true;
}

void use_check(struct plan_builder *d, const struct certificate_build *c)
{
	bool withdrawn = c->held && generation_was_withdrawn(d->snapshot, c->held);
	char until[TIME_TEXT];

	if (!c->held)
		return;
	precondition_add_certificate(
		d, c, CODE_REUSED_GENERATION, withdrawn && c->hold_begins,
		arena_printf(
			d->kept, "the former generation %s is used until %s, without renewal%s",
			builder_short(d, c->held->fingerprint), time_format(c->held_until, until),
			withdrawn ? "; --reissue had replaced it" : ""));
}

void uses_plan(struct plan_builder *d, struct plan *p)
{
	VEC(struct hold) holds = { 0 };

	for (size_t i = 0; i < d->fleet->certificate_count; i++) {
		const struct certificate_build *c = &d->certificates[i];

		if (!c->in_scope || c->left)
			continue;
		if (c->hold_ends)
			VEC_PUSH(&holds, d->kept,
				 ((struct hold){ .certificate = c->name,
						 .fingerprint = builder_keep(
							 d, c->hold_ends->fingerprint) }));
		if (c->hold_begins)
			VEC_PUSH(&holds, d->kept,
				 ((struct hold){
					 .certificate = c->name,
					 .fingerprint = builder_keep(d, c->held->fingerprint),
					 .request = certificate_request(c->certificate, d->kept),
					 .until = c->held_until }));
	}
	p->holds = holds.items;
	p->hold_count = holds.count;
}
