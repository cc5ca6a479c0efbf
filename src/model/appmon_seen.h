/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the AppMon Server tells of itself and of its collectors, at one time.  Plain
 * data; strings of a stranger in the arena of the job that asked.
 */
#ifndef MODEL_APPMON_SEEN_H
#define MODEL_APPMON_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct collector_seen {
	const char *name;
	const char *host;
	const char *version; /* NULL: not told */
	bool connected;
	bool embedded;
	int64_t started; /* 0: unknown, or not asked */
	int64_t agents;  /* see `agents_told` */
};

struct appmon_seen {
	/* request */
	bool wants_agents;
	bool wants_starts;
	/* answer */
	const char *version; /* of the Server; NULL: unknown */
	const char *denied;  /* NULL, or what the account lacks, in words */
	const char *error;   /* NULL, or why the list of collectors cannot be read */
	bool agents_told;    /* the agents could be counted */
	const struct collector_seen *collectors; /* by name and host */
	size_t count;
};

/* One that the Server lists; NULL: it does not. */
const struct collector_seen *appmon_seen_collector(const struct appmon_seen *s, const char *name,
						   const char *host);

#endif
