/* SPDX-License-Identifier: Apache-2.0 */
#include "model/in_use.h"

#include <string.h>

static bool is_pair(const char *fingerprint, const char *seen)
{
	return fingerprint && seen && !strcmp(fingerprint, seen);
}

static bool is_other_chain(const struct component_seen *seen, const char *chain)
{
	return chain && seen->chain && strcmp(chain, seen->chain) != 0;
}

enum in_use installed_in_use(const struct component_seen *seen, const char *fingerprint,
			     const char *chain)
{
	if (!seen->installed)
		return IN_USE_UNKNOWN;
	if (!is_pair(fingerprint, seen->installed) || seen->damage || is_other_chain(seen, chain))
		return IN_USE_OTHER;
	return seen->attr_flaw ? IN_USE_EXPOSED : IN_USE_DESIRED;
}

enum in_use served_in_use(const struct component_seen *seen, const char *fingerprint,
			  const char *chain)
{
	if (!seen->served)
		return IN_USE_UNKNOWN;
	if (!is_pair(fingerprint, seen->served) || seen->served_flaw)
		return IN_USE_OTHER;
	return is_pair(fingerprint, seen->installed) && is_other_chain(seen, chain)
		       ? IN_USE_OTHER
		       : IN_USE_DESIRED;
}
