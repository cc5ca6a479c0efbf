/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What canonical.c and canonical_http.c share: one " field=value" a line; a
 * value is one line because the loader lets no control character in, or
 * because it is percent-encoded.  Absent fields are left out.
 */
#ifndef CONFIG_WRITER_H
#define CONFIG_WRITER_H

#include "base/buf.h"
#include "model/fleet.h"
#include "model/http_spec.h"

#include <stdbool.h>
#include <stdint.h>

struct writer {
	const char *directory; /* paths beneath it are written relative */
	struct buf *out;
};

void put_text(struct writer *w, const char *field, const char *value);
void put_number(struct writer *w, const char *field, int64_t value);
void put_path(struct writer *w, const char *field, const char *path);
/* By its name, of course. */
void put_secret(struct writer *w, const char *field, const struct secret_ref *s);

void put_caddy(struct writer *w, const struct caddy *c);
void put_etcd(struct writer *w, const struct etcd *d);
void put_http(struct writer *w, const struct http *h);
void put_call(struct writer *w, const struct http_call *c);

#endif
