/* SPDX-License-Identifier: Apache-2.0 */
/* Readers for deliver, activate and verify. */
#ifndef CONFIG_DELIVERY_H
#define CONFIG_DELIVERY_H

#include "config/fields.h"
#include "model/fleet.h"

#include <stdbool.h>

extern const struct field_type activate_type;       /* struct activate; or the text appmon */
extern const struct field_type host_activate_type;  /* struct activate */
extern const struct field_type unit_type;           /* const char * */
extern const struct field_type address_type;        /* const char *; HOST:PORT */
extern const struct field_type starttls_type;       /* enum starttls_kind; names */
extern const struct field_type proxy_protocol_type; /* unsigned; a count */

extern const struct field_type https_type;       /* const char * */
extern const struct field_type agent_place_type; /* URL or struct agent_place */
extern const struct field_type socket_type;      /* const char *; path or tcp:// */

/* The row of a way to deliver; it leads to its keys, a struct record. */
const struct field *driver_row(enum driver_kind kind);

/* "sftp://USER@HOST[:PORT]" */
bool sftp_parse_url(struct arena *a, const char *text, struct sftp *out);
/* Refuses a password in such a URL. */
bool sftp_check_password(struct loader *ld, const struct field *f, const struct node *n,
			 const char *text);
bool agent_component_check(struct loader *ld, const struct draft *d,
			   const struct component_form *form);
void agent_locate(struct arena *a, struct deliver *d);
bool install_check(struct loader *ld, const struct node *n, void *out);
bool haproxy_check(struct loader *ld, const struct node *n, void *out);
bool deliver_check(struct loader *ld, const struct node *n, void *out);
bool verify_check(struct loader *ld, const struct node *n, void *out);

#endif
