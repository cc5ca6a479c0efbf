/* SPDX-License-Identifier: Apache-2.0 */
#include "report/json_value.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/text.h"

#include <string.h>

json_t *json_text(const char *text)
{
	AUTO(arena) a = { 0 };

	if (!text)
		return json_null();
	if (text_is_utf8(text, strlen(text)))
		return json_string(text);
	return json_string(text_escaped(&a, text));
}

json_t *json_moment(int64_t when)
{
	char text[TIME_TEXT];

	return when ? json_string(time_format(when, text)) : json_null();
}
