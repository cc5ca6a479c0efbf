/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the state remembers of a delivery over HTTP, for removing the pair
 * when its component has left the fleet file: where it is, who we are there
 * (secrets by reference), and of an API the requests `probe` and `remove`.
 */
#ifndef ENGINE_RETIRE_HTTP_H
#define ENGINE_RETIRE_HTTP_H

#include "base/arena.h"
#include "model/fleet.h"

#include <jansson.h>
#include <stdbool.h>

/* Adds what the driver needs; nothing for another one. */
void deliver_http_put(const struct deliver *d, json_t *whole);
/*
 * Sets kind and what was put, if anything; strings in `a`.  False when that
 * does not say enough.
 */
bool deliver_http_take(const json_t *whole, struct arena *a, struct deliver *out);

#endif
