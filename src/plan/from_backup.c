/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/from_backup.h"

#include "base/clock.h"
#include "base/text.h"
#include "model/renewal.h"
#include "plan/precondition.h"

#include <string.h>

void from_backup_scope(struct plan_builder *d)
{
	if (!d->snapshot->source)
		return;
	d->removed.count = 0;
	for (size_t i = 0; i < d->fleet->issuer_count; i++) {
		struct issuer_build *issuer = &d->issuers[i];

		issuer->in_scope &=
			snapshot_newest(d->snapshot, OF_ISSUER, issuer->issuer->name) != NULL;
	}
	for (size_t i = 0; i < d->fleet->certificate_count; i++) {
		struct certificate_build *c = &d->certificates[i];

		c->absent = c->in_scope && (c->certificate->builtin ||
					    !snapshot_from_source(d->snapshot, c->name));
		c->in_scope &= !c->absent;
	}
	for (size_t i = 0; i < d->fleet->component_count; i++)
		d->components[i].in_scope &= d->components[i].certificate->in_scope;
}

static void check_dates(struct plan_builder *d, const struct certificate_build *c)
{
	const struct generation *g = c->desired;
	int64_t left = g->not_after - d->in->at;
	char words[DURATION_TEXT];

	if (left <= 0)
		precondition_add_certificate(
			d, c, CODE_EXPIRED_IN_BACKUP, c->staged || c->job == CERTIFICATE_IMPORT,
			arena_printf(d->kept, "%s, the newest in the bundle, expired %s ago",
				     builder_short(d, g->fingerprint),
				     duration_about(-left, words)));
	else if (renewal_due_at(g, c->certificate) <= d->in->at)
		precondition_add_certificate(
			d, c, CODE_ENDS_SOON, false,
			arena_printf(d->kept, "%s, the newest in the bundle, expires in %s",
				     builder_short(d, g->fingerprint),
				     duration_about(left, words)));
}

void from_backup_check(struct plan_builder *d)
{
	for (size_t i = 0; i < d->fleet->certificate_count && d->snapshot->source; i++) {
		const struct certificate_build *c = &d->certificates[i];

		if (c->in_scope)
			check_dates(d, c);
		else if (c->absent)
			precondition_add_certificate(
				d, c, CODE_NOT_IN_BACKUP, false,
				arena_printf(d->kept, "the bundle '%s' has no pair of it",
					     text_escaped(&d->scratch, d->snapshot->source->name)));
	}
}
