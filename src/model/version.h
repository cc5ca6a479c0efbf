/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Versions of software, as products and distributions write them.
 *
 * They are compared part by part: numbers as numbers ("1.20" is newer than
 * "1.9", and the same as "1.20.0"), letters behind a number as patch levels
 * ("1.1.1k"), "-1" or "+deb12u1" as revisions of what stands before.  "~" and
 * words such as rc, beta or SNAPSHOT mean "not yet": "1.25.0-rc1" is older
 * than "1.25.0".  An epoch ("1:") counts only when both have one, since
 * nobody writes it who means the product.
 */
#ifndef MODEL_VERSION_H
#define MODEL_VERSION_H

#include "base/arena.h"

/*
 * The first version in what a product says of itself, in `a`: "1.22.1" of
 * "nginx version: nginx/1.22.1", "7.0.15" of "Redis server v=7.0.15 sha=...".
 * NULL: there is none.
 */
const char *version_in(const char *text, struct arena *a);

/* Less than, equal to or greater than 0, like strcmp(). */
int version_compare(const char *a, const char *b);

#endif
