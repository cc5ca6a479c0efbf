/* SPDX-License-Identifier: Apache-2.0 */
#include "config/deliver_http.h"

#include <string.h>

static bool all_tls(const struct items *endpoints, bool *mixed)
{
	const char *const *list = endpoints->list;
	size_t tls = 0;

	for (size_t i = 0; i < endpoints->count; i++)
		tls += !strncmp(list[i], "https:", 6);
	*mixed = tls && tls < endpoints->count;
	return tls == endpoints->count;
}

/* The keys written are "KEY/certificate" and so on, so one prefix is for one pair. */
static bool deliver_etcd_check_key(struct loader *ld, const struct node *n, const char *key)
{
	size_t len = strlen(key);

	if (key[len - 1] == '/')
		return config_error(ld, n, "'key' ends with a slash");
	if (strstr(key, "//"))
		return config_error(ld, n, "'key' has an empty part");
	return true;
}

bool etcd_check(struct loader *ld, const struct node *n, void *out)
{
	const struct etcd_form *form = out;
	bool mixed = false;
	bool tls = all_tls(&form->endpoints, &mixed);

	if (mixed)
		return config_error(ld, node_find(n, "endpoints"),
				    "'endpoints' are all https or all http");
	return deliver_etcd_check_key(ld, node_find(n, "key"), form->key) &&
	       access_check(ld, n, &form->access, tls);
}

static bool read_etcd(struct loader *ld, const struct field *f, const struct node *n, void *slot)
{
	struct etcd_form form;
	struct etcd *etcd = NULL;

	if (n->kind != NODE_MAPPING)
		return wrong_kind(ld, f, n, "a mapping");
	if (!record_read(ld, f->param, n, &form))
		return false;
	etcd = ARENA_NEW(&ld->fleet.arena, struct etcd);
	etcd->endpoints = form.endpoints.list;
	etcd->key = form.key;
	etcd->access = access_of(&form.access);
	*(const struct etcd **)slot = etcd;
	return true;
}

const struct field_type etcd_type = { read_etcd, SHAPE_RECORD, NULL };
