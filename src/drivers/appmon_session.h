/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests to the AppMon Server, with the account of `access.appmon`: Basic
 * credentials over https, to a web certificate that its CA vouches for, that is
 * pinned, or that is a pair which is delivered to the Server (a job's `leaves`).
 *
 * appmon_open() before the conversation begins, appmon_close() after it.
 */
#ifndef DRIVERS_APPMON_SESSION_H
#define DRIVERS_APPMON_SESSION_H

#include "appmon/appmon_read.h"
#include "drivers/driver_table.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	APPMON_HEED_S = 30, /* an order that is heeded at all is begun by then */
	APPMON_NOT_FOUND = 404,
};

struct appmon_session {
	struct driver_session *v;
	const struct identity *identity; /* NULL: the system's CAs */
	struct secret login;
	const char *const *leaves; /* in hex; accepted beside the CA */
	size_t leaf_count;
};

MUST_CHECK bool appmon_open(struct driver_session *v, struct err *e);
/* As drivers' `forget`. */
void appmon_close(struct driver_session *v);
struct appmon_session *appmon_of(const struct driver_session *v);

/* What a request is for: whether a stop cuts it off. */
enum appmon_purpose {
	APPMON_ASKS,   /* reads only */
	APPMON_ORDERS, /* changes something; a stop lets none begin */
	APPMON_PROVES, /* reads what became of an order; a second stop ends it */
};

struct appmon_request {
	const char *method;
	const char *path;
	enum appmon_form wanted;
	enum appmon_purpose purpose;
	int64_t timeout_ms;
};

struct appmon_reply {
	long status;        /* 0: there was none */
	const char *denied; /* NULL, or what the account lacks, in words */
	struct appmon_document document;
};

/*
 * True: it answered 200 with a document of the wanted form.  Else the error says why not
 * in words for people.  Strings in `a`.
 */
MUST_CHECK bool appmon_ask(const struct appmon_session *s, struct conversation *c,
			   const struct appmon_request *r, struct arena *a,
			   struct appmon_reply *out, struct err *e);

/* Sorts collectors and starts by name and host, for the lookups; NULL, or 0: not there. */
void appmon_sort(struct appmon_document *list);
const struct appmon_collector *appmon_find(const struct appmon_document *list, const char *name,
					   const char *host);
int64_t appmon_started(const struct appmon_document *archive, const char *name, const char *host);

/* Remedy, when the Server does not restart a process. */
#define APPMON_BY_HAND "restart it on its host"

#define APPMON_VERSION_PATH "/rest/management/version"
#define APPMON_LIST_PATH "/rest/management/collectors"
#define APPMON_AGENTS_PATH "/rest/management/agents"
#define APPMON_ARCHIVE_PATH \
	"/rest/management/sysinfo/package?exclude=all&include=componentproperties,configfiles"

#endif
