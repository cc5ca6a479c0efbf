/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/json_secret.h"

#include <pthread.h>
#include <stdlib.h>

static void wipe_what_is_freed(void)
{
	json_set_alloc_funcs(malloc, wipe_free);
}

void json_secret_global(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, wipe_what_is_freed);
}

json_t *json_of_secret(const struct secret *text)
{
	if (!text->len)
		return NULL;
	return json_loadb((const char *)text->bytes, text->len,
			  JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
}
