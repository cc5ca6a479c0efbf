/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policies: what needs no step when it changes, but decides how the next ones go.  The
 * contact list has one text for each object, "policy KIND NAME FIELD=VALUE FIELD=VALUE",
 * so that a plan can tell what a completed run had.
 */
#include "base/buf.h"
#include "base/clock.h"
#include "base/text.h"
#include "base/vec.h"
#include "model/http_spec.h"
#include "plan/contact_list.h"
#include "plan/precondition.h"

#include <inttypes.h>
#include <string.h>

static const char policy_word[] = "policy ";

/* As a fleet file could say it. */
static const char *policy_duration(struct arena *a, int64_t seconds)
{
	static const struct {
		int64_t seconds;
		char unit;
	} units[] = { { 24 * 3600, 'd' }, { 3600, 'h' }, { 60, 'm' }, { 1, 's' } };
	size_t i = 0;

	while (seconds % units[i].seconds || (!seconds && units[i].seconds > 1))
		i++;
	return arena_printf(a, "%" PRId64 "%c", seconds / units[i].seconds, units[i].unit);
}

static const char *renew_text(struct arena *a, const struct renew_before *rb)
{
	if (rb->percent)
		return arena_printf(a, "%u%%", rb->percent);
	return rb->seconds ? policy_duration(a, rb->seconds) : "1/3";
}

static const char *freezes_text(struct arena *a, const char *text, const struct freeze *list,
				size_t count)
{
	char from[TIME_TEXT];
	char to[TIME_TEXT];

	for (size_t i = 0; i < count; i++)
		text = arena_printf(a, "%s%sfreeze:%s..%s", text, *text ? "," : "",
				    time_format(list[i].from, from), time_format(list[i].to, to));
	return text;
}

/* Of those made for each component, the policy is one. */
static void policy_of_certificate(struct contact_list *list, const struct certificate *c)
{
	struct arena *a = &list->d->scratch;

	contact_add(list, CONTACT_POLICY,
		    arena_printf(a, "certificate '%.*s' renew_before=%s spread=%u%% commit=%s",
				 (int)strcspn(c->name, "/"), c->name,
				 renew_text(a, &c->renew_before), c->spread,
				 commit_order_names[c->commit]));
}

/* "mon-fri 02:00+3h", without blanks; freezes by their days.  Empty: none of either. */
static const char *schedule_text(struct arena *a, const struct role *r)
{
	const struct restart *p = &r->restart;
	const char *text = "";

	for (size_t i = 0; i < p->window_count; i++) {
		const struct window *w = &p->windows[i];

		text = arena_printf(a, "%s%s", text, *text ? "," : "");
		for (unsigned day = 0; day < WEEKDAYS; day++)
			if (w->days & 1U << day)
				text = arena_printf(a, "%s%.2s", text, weekday_names[day]);
		text = arena_printf(a, "%s@%02d:%02d+%s/%s", text, (int)(w->start / 3600),
				    (int)(w->start / 60 % 60), policy_duration(a, w->duration),
				    w->zone->name);
	}
	return freezes_text(a, text, p->freezes, p->freeze_count);
}

static void policy_of_role(struct contact_list *list, const struct role *r)
{
	struct arena *a = &list->d->scratch;
	const struct restart *p = &r->restart;
	const char *after = "none";
	const char *schedule = schedule_text(a, r);

	for (size_t i = 0; i < r->after_count; i++)
		after = arena_printf(a, "%s%s%s", i ? after : "", i ? "," : "", r->after[i]->name);
	contact_add(
		list, CONTACT_POLICY,
		arena_printf(
			a,
			"role '%s' when=%s max_unavailable=%u%s canary=%u pause=%s max_failures=%u on_failure=%s timeout=%s offline=%s minimum=%s same=%s after=%s%s%s",
			r->name, restart_when_names[p->when], p->max_unavailable,
			p->max_unavailable_is_percent ? "%" : "", p->canary,
			policy_duration(a, p->pause), p->max_failures,
			on_failure_names[p->on_failure], policy_duration(a, p->timeout),
			offline_policy_names[r->offline],
			r->version_minimum ? r->version_minimum : "none",
			r->version_same ? "true" : "false", after, *schedule ? " schedule=" : "",
			schedule));
}

static const char *limit_text(struct arena *a, unsigned limit)
{
	return limit ? arena_printf(a, "%u", limit) : "none";
}

/* Where keys lie that no passphrase protects. */
static const char *in_clear(const struct fleet *f)
{
	if (f->backup.unencrypted)
		return f->state.unsealed ? " unencrypted=bundles+state" : " unencrypted=bundles";
	return f->state.unsealed ? " unencrypted=state" : "";
}

/* "mail.sh,https://hooks.example.com:changed+failed", each target without blanks. */
static const char *notify_text(struct arena *a, const struct fleet *f)
{
	AUTO(buf) out = { 0 };

	for (size_t i = 0; i < f->notify_count; i++) {
		const struct notify *n = &f->notify[i];
		char between = ':';

		buf_puts(&out, i ? "," : "");
		if (n->http)
			buf_puts(&out, n->http->request.url.origin);
		else
			text_percent(&out, strrchr(n->argv[0], '/') ? strrchr(n->argv[0], '/') + 1
								    : n->argv[0]);
		for (unsigned k = 0; k < NOTIFY_OUTCOME_COUNT; k++)
			if (n->on != NOTIFY_ALL && n->on & 1u << k) {
				buf_printf(&out, "%c%s", between, notify_outcome_names[k]);
				between = '+';
			}
	}
	return arena_strdup(a, buf_text(&out));
}

void contact_add_policies(struct contact_list *list)
{
	const struct fleet *f = list->d->fleet;

	list->in_scope = true;
	contact_add(
		list, CONTACT_POLICY,
		arena_printf(&list->d->scratch, "backup keep=%u%s", f->backup.keep, in_clear(f)));
	contact_add(list, CONTACT_POLICY,
		    arena_printf(&list->d->scratch,
				 "fleet components_per_run=%s percent_per_run=%s freeze=%s%s%s",
				 limit_text(&list->d->scratch, f->limits.components),
				 limit_text(&list->d->scratch, f->limits.percent),
				 f->freeze_count ? freezes_text(&list->d->scratch, "", f->freezes,
								f->freeze_count)
						 : "none",
				 f->notify_count ? " notify=" : "",
				 f->notify_count ? notify_text(&list->d->scratch, f) : ""));
	for (size_t i = 0; i < f->certificate_count; i++)
		policy_of_certificate(list, &f->certificates[i]);
	for (size_t i = 0; i < f->role_count; i++)
		policy_of_role(list, &f->roles[i]);
}

/* ---- what changed ---- */

/* Where the fields begin: a name may hold blanks, and the first '=' follows a field. */
static size_t policy_key(const char *text)
{
	size_t at = strcspn(text, "=");

	while (at && text[at - 1] != ' ')
		at--;
	return at;
}

static int compare_policy(const void *text, const void *item)
{
	return strncmp(text, *(const char *const *)item, policy_key(text));
}

/* What the last completed run had of the same object; NULL: it had none. */
static const char *policy_before(const struct snapshot *s, const char *text)
{
	size_t len = policy_key(text);
	size_t low = sorted_first(text, s->reached, s->reached_count, sizeof(*s->reached),
				  compare_policy);

	return low < s->reached_count && !strncmp(s->reached[low], text, len) &&
			       policy_key(s->reached[low]) == len
		       ? s->reached[low]
		       : NULL;
}

/* "role 'web': max_unavailable 1 -> 3, pause 0s -> 10s"; a last field may be new, or gone. */
static const char *policy_changes(struct plan_builder *d, const char *old, const char *new)
{
	size_t key = policy_key(new);
	size_t word = strlen(policy_word);
	const char *changes = "";

	const char *o = old + key;
	const char *n = new + key;

	while (*o && *n) {
		size_t old_len = strcspn(o, " ");
		size_t new_len = strcspn(n, " ");
		size_t field = strcspn(n, "=");

		if (old_len > field && new_len > field &&
		    (old_len != new_len || strncmp(o, n, new_len) != 0))
			changes = arena_printf(&d->scratch, "%s%s%.*s %.*s -> %.*s", changes,
					       *changes ? ", " : "", (int)field, n,
					       (int)(old_len - field - 1), o + field + 1,
					       (int)(new_len - field - 1), n + field + 1);
		o += old_len + (o[old_len] == ' ');
		n += new_len + (n[new_len] == ' ');
	}
	if (*o || *n) {
		const char *rest = *o ? o : n;
		size_t field = strcspn(rest, "=");

		changes = arena_printf(&d->scratch, "%s%s%.*s %s -> %s", changes,
				       *changes ? ", " : "", (int)field, rest,
				       *o ? o + field + 1 : "none", *n ? n + field + 1 : "none");
	}
	return arena_printf(d->kept, "%.*s: %s", (int)(key - word - 1), new + word, changes);
}

void contact_report_policies(struct contact_list *list)
{
	struct plan_builder *d = list->d;
	VEC(const char *) items = { 0 };

	vec_each (r, &list->list) {
		const char *old = !strncmp(r->text, policy_word, strlen(policy_word))
					  ? policy_before(d->snapshot, r->text)
					  : NULL;

		if (old && strcmp(old, r->text) != 0)
			VEC_PUSH(&items, d->kept, policy_changes(d, old, r->text));
	}
	if (!items.count)
		return;
	precondition_add(
		d, &(struct precondition_spec){
			   .code = CODE_POLICY_CHANGED,
			   .severity = code_rows[CODE_POLICY_CHANGED].severity,
			   .name = "",
			   .message = arena_printf(
				   d->kept, "%zu polic%s since the last completed run", items.count,
				   items.count == 1 ? "y changed" : "ies changed"),
			   .items = items.items,
			   .item_count = items.count,
		   });
}
