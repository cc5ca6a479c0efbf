/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an AppMon Server answers, as plain data: its XML (below /rest/management),
 * its JSON (below /api/vN) and the ZIP of its support archive.
 *
 * appmon_read() has the bytes decoded in the decoder process (base/decoder.h), with
 * libxml2 and libarchive: no entity, no DOCTYPE, no network, and limits on bytes,
 * depth and items.  A document is told by its root element, so that the caller names
 * the form that it wants.  Of a collector only name and host are always there.
 * The collector of the self-monitoring is left out.
 *
 * Strings are UTF-8 of a stranger, to be escaped before they are shown.
 */
#ifndef APPMON_APPMON_READ_H
#define APPMON_APPMON_READ_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/decoder.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	APPMON_TEXT_LIMIT = 4 * 1024 * 1024, /* bytes of XML or JSON */
	APPMON_ARCHIVE_LIMIT = 64 * 1024 * 1024,
	APPMON_COLLECTOR_LIMIT = 20000,
	APPMON_AGENT_LIMIT = 200000,
	APPMON_ENTRY_LIMIT = 100000,     /* of an archive */
	APPMON_FILE_LIMIT = 1024 * 1024, /* one file of an archive that is read */
	APPMON_NAME_LIMIT = 1024,        /* bytes of a name */
};

enum appmon_form {
	APPMON_RESULT,     /* <result value="...">, or JSON with `status` */
	APPMON_ERROR,      /* <error reason="...">, or JSON with `message` */
	APPMON_COLLECTORS, /* <collectors> */
	APPMON_AGENTS,     /* <agents>, counted by collector */
	APPMON_ARCHIVE,    /* ZIP: start times of collectors */
	APPMON_FORM_COUNT
};

struct appmon_collector {
	const char *name;
	const char *host;
	const char *id;      /* NAME@HOST by its `href`, else by name and host */
	const char *version; /* NULL: not told */
	bool connected;      /* true where the list does not say */
	bool embedded;       /* lives in the process of the Server */
};

/* Agents of one collector. */
struct appmon_agents {
	const char *name; /* of the collector */
	const char *host; /* NULL: not told */
	int64_t count;
};

struct appmon_start {
	const char *name;
	const char *host;
	int64_t started; /* `eclipse.startTime`: milliseconds, as far as is known */
};

struct appmon_document {
	enum appmon_form form;
	const char *value;                         /* of a result: version, "true", "success" ... */
	const char *reason;                        /* of an error */
	const struct appmon_collector *collectors; /* in the order of the list */
	size_t collector_count;
	const struct appmon_agents *agents;
	size_t agents_count;
	const struct appmon_start *starts;
	size_t start_count;
};

/* Strings in `a`; ERR_REMOTE says why it cannot be read. */
MUST_CHECK bool appmon_read(struct span body, struct arena *a, struct appmon_document *out,
			    struct err *e);
/* Whether a result says that what was ordered is done. */
bool appmon_succeeded(const struct appmon_document *d);
/*
 * The name of the permission in the reason of a refusal ("Permission denied: NAME;"); NULL:
 * none is named.
 */
const char *appmon_permission(const char *reason, struct arena *a);

/* Appends name and host of an id, each percent-encoded, with "@" between them. */
void appmon_add_id(struct buf *path, const char *id);

/* For the table of decoders (base/decoder.h). */
decode_fn appmon_decode;

/* ---- in the decoder process ---- */

/* XML; `out` is zeroed. */
MUST_CHECK bool appmon_xml_read(struct span body, struct arena *a, struct appmon_document *out,
				struct err *e);
/* The `name` of <collectorconfig> in a collector.config.xml; NULL: none. */
const char *appmon_xml_config_name(struct span file, struct arena *a);
MUST_CHECK bool appmon_archive_read(struct span body, struct arena *a, struct appmon_document *out,
				    struct err *e);

#endif
