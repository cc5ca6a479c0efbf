/* SPDX-License-Identifier: Apache-2.0 */
#include "config/deliver_http.h"

#include <string.h>

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
	const struct etcd *d = out;
	size_t count = 0;
	size_t tls = 0;

	for (; d->endpoints[count]; count++)
		tls += !strncmp(d->endpoints[count], "https:", 6);
	if (tls && tls < count)
		return config_error(ld, node_find(n, "endpoints"),
				    "'endpoints' are all https or all http");
	return deliver_etcd_check_key(ld, node_find(n, "key"), d->key) &&
	       access_check(ld, n, &d->access, tls == count);
}

void etcd_locate(struct arena *a, struct deliver *d)
{
	d->access = &d->etcd->access;
	d->remote = unless_local(d->etcd->endpoints[0]);
	d->place = arena_printf(a, "%s %s", d->etcd->endpoints[0], d->etcd->key);
}
