/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/json_secret.h"

json_t *json_of_secret(const struct secret *text)
{
	if (!text->len)
		return NULL;
	return json_loadb((const char *)text->bytes, text->len,
			  JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
}
