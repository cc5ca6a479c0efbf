/* SPDX-License-Identifier: Apache-2.0 */
/* Host names, addresses and the names of a certificate. */
#ifndef CONFIG_NETNAME_H
#define CONFIG_NETNAME_H

#include "config/fields.h"

#include <stdbool.h>
#include <stdint.h>

/* Letters, digits, '-' and '_' in labels; nothing that looks like IPv4. */
bool is_host_name(const char *text);
/* The canonical text of an IPv4 or IPv6 address; NULL: it is none. */
const char *ip_canonical(struct arena *a, const char *text);
/* "host:port" or "[address]:port"; false when it is neither. */
bool host_port_parse(struct arena *a, const char *text, const char **host, uint16_t *port);
/* Tells the kind of a name by its look; false when it is none. */
bool san_parse(struct arena *a, const char *text, struct san *out);
/* Sorts by kind and value, without repeats; returns how many are left. */
size_t san_sort(struct san *names, size_t count);

extern const struct field_type san_type; /* struct san */

#endif
