/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/json.h"

#include <stdlib.h>

void json_to_secret(const json_t *json, struct secret *out)
{
	size_t flags = JSON_COMPACT | JSON_SORT_KEYS;
	size_t len = json_dumpb(json, NULL, 0, flags);

	secret_alloc(out, len);
	if (json_dumpb(json, (char *)out->bytes, len, flags) != len)
		abort();
}
