/* SPDX-License-Identifier: Apache-2.0 */
/* Host names, IP addresses and the subject alternative names of a certificate. */
#ifndef CONFIG_NETNAME_H
#define CONFIG_NETNAME_H

#include "config/fields.h"

#include <stdbool.h>
#include <stdint.h>

/* Labels of letters, digits, '-' and '_'; false for anything that looks like IPv4. */
bool is_host_name(const char *text);
/* The canonical text of an IPv4 or IPv6 address; NULL when invalid. */
const char *ip_canonical(struct arena *a, const char *text);
/* Parses "host:port" or "[address]:port". */
bool host_port_parse(struct arena *a, const char *text, const char **host, uint16_t *port);
/* Finds the kind of a name by its form; false when invalid. */
bool san_parse(struct arena *a, const char *text, struct san *out);
/* Sorts by kind and value, without duplicates; returns the number left. */
size_t san_sort(struct san *names, size_t count);

extern const struct field_type san_type; /* struct san */

#endif
