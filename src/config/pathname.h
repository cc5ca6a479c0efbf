/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths as the fleet holds them: absolute.  One that was written relative
 * begins with the fleet's directory, even when it leads out of it again by
 * "..", so that it can be written relative once more.
 */
#ifndef CONFIG_PATHNAME_H
#define CONFIG_PATHNAME_H

#include "config/loader.h"

#include <stdint.h>

const char *path_resolve(struct loader *ld, uint16_t source, const char *text);

#endif
