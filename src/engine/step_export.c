/* SPDX-License-Identifier: Apache-2.0 */
/* Export step: the new pair of a certificate as a ZIP of PEM entries for people. */
#include "engine/internal.h"
#include "engine/pair_file.h"
#include "engine/pairs.h"
#include "engine/written.h"

#include <string.h>

static bool export_one(struct run *r, const struct certificate *c, const struct loaded *pair,
		       struct err *e)
{
	const struct written_order order = { .path = c->export,
					     .fingerprint = pair->fingerprint,
					     .form = HANDOFF_ZIP };
	const struct pair_content content = { .format = HANDOFF_ZIP,
					      .set = &pair->set,
					      .key = &pair->key,
					      .name = c->name,
					      .complete =
						      r->en->fleet->topology == TOPOLOGY_APPMON };
	AUTO(secret) bytes = { 0 };
	struct owned_file file;

	/* written by a run that was cut off before it could say so */
	if (written_is_there(r, &order))
		return written_end(r, c->export, e);
	return pair_file_make(&content, &bytes, e) && written_begin(r, &order, &bytes, &file, e) &&
	       owned_file_replace(&file, &bytes, e) && written_end(r, c->export, e);
}

void step_export(struct run *r, struct step_batch *b)
{
	AUTO(pairs) pairs = { 0 };

	pairs_init(&pairs, b->count);
	for (size_t i = 0; i < b->count; i++) {
		const struct step *s = batch_step(r, b, i);
		const struct certificate *c = fleet_certificate(r->en->fleet, s->certificate);
		const struct loaded *pair = pairs_load(&pairs, r, run_fingerprint(r, s));

		b->errors[i] = pair->error;
		if (pair->error.code || export_one(r, c, pair, &b->errors[i]))
			continue;
		err_in(&b->errors[i], "cannot export '%s'", s->certificate);
	}
}
