/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths of the fleet: absolute.  A relative path in the file begins with the
 * fleet's directory in the result, even when it leads out again by "..", so
 * that it can be made relative again.
 */
#ifndef CONFIG_PATHNAME_H
#define CONFIG_PATHNAME_H

#include "config/loader.h"

#include <stdint.h>

const char *path_resolve(struct loader *ld, uint16_t source, const char *text);

#endif
