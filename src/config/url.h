/* SPDX-License-Identifier: Apache-2.0 */
/*
 * URLs that receive pairs and credentials: https, or http on this machine, in
 * canonical form: names in lower case, no user, no default port, no fragment.
 */
#ifndef CONFIG_URL_H
#define CONFIG_URL_H

#include "config/fields.h"

extern const struct field_type url_type;          /* struct http_url */
extern const struct field_type origin_type;       /* const char *; no path */
extern const struct field_type admin_type;        /* the same, or a socket's path */
extern const struct field_type https_origin_type; /* const char *; no path, https alone */

/* A URL without query and placeholders; `path` is "" or "/a/b", without a slash at its end. */
bool value_place(struct loader *ld, const struct field *f, const struct node *n,
		 const char **origin, const char **path);

/* True when a host is this machine: without TLS nothing may leave it. */
bool host_is_local(const char *host);

#endif
