/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Software versions, as products and distributions write them.
 *
 * Versions are compared part by part: numbers as numbers ("1.20" is newer than
 * "1.9", and the same as "1.20.0"), letters after a number as patch levels
 * ("1.1.1k"), "-1" or "+deb12u1" as revisions of the preceding part.  "~" and
 * words such as rc, beta or SNAPSHOT mean "not yet": "1.25.0-rc1" is older than
 * "1.25.0".  An epoch ("1:") counts only when both have one, since minimum
 * versions are usually written without the distribution's epoch.
 */
#ifndef MODEL_VERSION_H
#define MODEL_VERSION_H

#include "base/arena.h"

/*
 * First version in a product's output, in `a`; NULL: none.  "1.22.1" in
 * "nginx version: nginx/1.22.1", "7.0.15" in "Redis server v=7.0.15 sha=...".
 */
const char *version_in(const char *text, struct arena *a);

/* Less than, equal to or greater than 0, like strcmp(). */
int version_compare(const char *a, const char *b);

#endif
