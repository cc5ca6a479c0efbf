/* SPDX-License-Identifier: Apache-2.0 */
#include "config/build.h"

#include "config/schema.h"
#include "config/topology.h"

#include <string.h>

const struct issuer issuer_self = { .name = "self", .kind = ISSUER_SELF };

static bool read_issuer(struct loader *ld, const struct entry *entry, struct issuer_form *form)
{
	const struct issuer_form preset = topology_issuer_preset(ld);
	struct record record = issuer_record;
	const char *cn = NULL;

	record.preset = &preset;
	if (!strcasecmp(entry->key->text, issuer_self.name))
		return config_error(ld, entry->key,
				    "'self' cannot be the name of an issuer: it means self-signed");
	if (!record_read(ld, &record, entry->value, form))
		return false;
	form->issuer.name = arena_strdup(&ld->fleet.arena, entry->key->text);
	return subject_read(ld, form->subject, &form->issuer.subject, &cn);
}

void build_issuers(struct loader *ld, struct build *b)
{
	size_t count = 0;

	b->issuers = arena_array(&ld->fleet.arena, ld->issuers.entries.count, sizeof(*b->issuers));
	vec_each (entry, &ld->issuers.entries) {
		struct issuer_form *form = ARENA_NEW(&ld->work, struct issuer_form);
		bool good = read_issuer(ld, entry, form);

		form->key = entry->key;
		form->node = entry->value;
		lookup_put(&ld->issuer_forms, entry->key->text, form);
		if (good)
			b->issuers[count++] = form->issuer;
	}
	sort_by_name(b->issuers, count, sizeof(*b->issuers));
	ld->fleet.issuers = b->issuers;
	ld->fleet.issuer_count = count;
}
