/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The canonical text of a fleet, one " field=value" per line, written by
 * canonical.c and canonical_http.c.  A value is one line because the loader
 * accepts no control characters, or because it is percent-encoded.  Absent
 * fields are omitted.
 */
#ifndef CONFIG_WRITER_H
#define CONFIG_WRITER_H

#include "base/buf.h"
#include "model/fleet.h"
#include "model/http_spec.h"

#include <stdbool.h>
#include <stdint.h>

struct writer {
	const char *directory; /* base of relative paths */
	struct buf *out;
};

void put_text(struct writer *w, const char *field, const char *value);
void put_number(struct writer *w, const char *field, int64_t value);
void put_path(struct writer *w, const char *field, const char *path);
/* Writes the reference, not the secret. */
void put_secret(struct writer *w, const char *field, const struct secret_ref *s);

void put_caddy(struct writer *w, const struct caddy *c);
void put_etcd(struct writer *w, const struct etcd *d);
void put_http(struct writer *w, const struct http *h);
void put_call(struct writer *w, const struct http_call *c);

#endif
