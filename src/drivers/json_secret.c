/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/json_secret.h"

#include <pthread.h>
#include <stdlib.h>

static void wipe_what_is_freed(void)
{
	json_set_alloc_funcs(malloc, wipe_free);
}

static void begin(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, wipe_what_is_freed);
}

json_t *json_of_secret(const struct secret *text)
{
	begin();
	if (!text->len)
		return NULL;
	return json_loadb((const char *)text->bytes, text->len,
			  JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
}

void json_to_secret(const json_t *json, struct secret *out)
{
	size_t flags = JSON_COMPACT | JSON_ENCODE_ANY;
	size_t len = json_dumpb(json, NULL, 0, flags);

	begin();
	secret_alloc(out, len);
	json_dumpb(json, (char *)out->bytes, len, flags);
}
