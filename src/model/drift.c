/* SPDX-License-Identifier: Apache-2.0 */
#include "model/drift.h"

#include <string.h>

static bool is_pair(const char *fingerprint, const char *seen)
{
	return fingerprint && seen && !strcmp(fingerprint, seen);
}

static bool is_other_chain(const struct observation *seen, const char *chain)
{
	return chain && seen->chain && strcmp(chain, seen->chain) != 0;
}

enum drift installed_drift(const struct observation *seen, const char *fingerprint,
			   const char *chain)
{
	if (!seen->installed)
		return DRIFT_UNKNOWN;
	if (!is_pair(fingerprint, seen->installed) || seen->damage || is_other_chain(seen, chain))
		return DRIFT_OTHER;
	return seen->attr_flaw ? DRIFT_ATTRIBUTES : DRIFT_NONE;
}

enum drift served_drift(const struct observation *seen, const char *fingerprint, const char *chain)
{
	if (!seen->served)
		return DRIFT_UNKNOWN;
	if (!is_pair(fingerprint, seen->served) || seen->served_flaw)
		return DRIFT_OTHER;
	return is_pair(fingerprint, seen->installed) && is_other_chain(seen, chain) ? DRIFT_OTHER
										    : DRIFT_NONE;
}
