/* SPDX-License-Identifier: Apache-2.0 */
/* Checks that can refuse a run before anything has changed. */
#include "crypto/passphrase.h"
#include "engine/backup.h"
#include "engine/internal.h"

static bool uses_keys(const struct plan *p)
{
	for (size_t i = 0; i < p->step_count; i++)
		if (p->steps[i].kind <= STEP_STAGE && p->steps[i].kind != STEP_PUBLISH &&
		    p->steps[i].kind != STEP_COPY)
			return true;
	return false;
}

/* Whether a bundle can hold all generations that exist after this run. */
static bool run_precheck_has_room(const struct run *r, struct err *e)
{
	const struct snapshot *s = r->order->snapshot;
	size_t count = 0;

	for (size_t i = 0; i < s->generation_count; i++)
		count += s->generations[i].not_after > r->record.started;
	for (size_t i = 0; i < r->plan->step_count; i++) {
		enum step_kind kind = r->plan->steps[i].kind;

		count += kind == STEP_CREATE_ISSUER || kind == STEP_ISSUE || kind == STEP_IMPORT;
	}
	return backup_has_room(r->en, count, e);
}

bool may_begin(struct run *r, struct err *e)
{
	const struct backup_policy *backup = &r->en->fleet->backup;

	if (!uses_keys(r->plan))
		return true;
	if (!run_precheck_has_room(r, e))
		return false;
	for (size_t i = 0; i < backup->passphrase_count; i++) {
		const struct secret *passphrase = NULL;

		if (!engine_secret(r->en, &backup->passphrases[i], &passphrase, e) ||
		    !passphrase_is_strong(passphrase, e)) {
			err_in(e, "cannot make backups");
			return err_remedy(e, "correct 'passphrase' of 'backup', or what it names");
		}
	}
	return engine_unseal(r->en, e);
}
