/* SPDX-License-Identifier: Apache-2.0 */
/* One generation of a bundle as a ZIP of PEM entries that other tools import. */
#include "base/sandbox.h"
#include "base/vec.h"
#include "bundle/bundle.h"
#include "bundle/zip.h"

#include <string.h>

static void export_add(struct entries *list, struct arena *a, const char *name, const char *pem)
{
	if (pem && *pem)
		VEC_PUSH(list, a, (struct bundle_entry){ name, pem, strlen(pem) });
}

static bool pack_export(void *ctx, struct buf *answer, struct err *e)
{
	return zip_pack(ctx, NULL, answer, e);
}

bool entries_export(struct entries *list, struct secret *out, struct err *e)
{
	const struct sandbox_work work = {
		.fn = pack_export, .ctx = list, .seconds = SANDBOX_SECONDS, .lasts_a_stop = true
	};

	return sandbox_work(&work, out, e);
}

const struct bundle_item *bundle_newest(const struct bundle *b, const char *certificate)
{
	const struct bundle_item *newest = NULL;

	/* in the order of bundle_layout.h */
	for (size_t i = 0; i < b->item_count; i++)
		if (!b->items[i].is_issuer && !strcmp(b->items[i].name, certificate))
			newest = &b->items[i];
	return newest;
}

bool bundle_export(const struct bundle *b, const struct bundle_item *item, struct secret *out,
		   struct err *e)
{
	AUTO(arena) a = { 0 };
	struct entries list = { 0 };
	const char *root = item->anchor ? bundle_anchor(b, item->anchor) : NULL;

	export_add(&list, &a, BUNDLE_EXPORT_FIRST, item->leaf_pem);
	export_add(&list, &a, "chain.pem", item->chain_pem);
	if (root && !strstr(item->chain_pem, root))
		export_add(&list, &a, "ca.pem", root);
	VEC_PUSH(&list, &a,
		 (struct bundle_entry){ "key.pem", item->key_pem.bytes, item->key_pem.len });
	return entries_export(&list, out, e);
}
