/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is seen of a component: what its driver finds at the place of the pair
 * (files, a device, an agent's report) and what its ports serve.
 *
 * One struct from the place to the plan: install/ and the drivers fill in what
 * they can see, an agent's report carries it, the engine adds the served pair,
 * the state keeps it for when the component is offline.  NULL means unknown
 * and "" that nothing is there; texts for people are escaped.  Strings are in
 * the arena of whoever asked.
 */
#ifndef MODEL_OBSERVATION_H
#define MODEL_OBSERVATION_H

#include "base/arena.h"
#include "model/certs.h"

#include <stdbool.h>
#include <stdint.h>

/* How it is known what a component serves. */
enum evidence {
	EVIDENCE_NONE,
	EVIDENCE_DRIVER,
	EVIDENCE_HANDSHAKE,
	EVIDENCE_COUNT
};

/* Whether the AppMon Server has a connection of a collector. */
enum appmon_link {
	LINK_UNKNOWN,
	LINK_CONNECTED,
	LINK_DISCONNECTED, /* or it does not list the collector */
	LINK_COUNT
};

struct observation {
	bool online;
	int64_t observed_at;
	const char *error;     /* why something is unknown */
	const char *no_secret; /* NULL, or why a secret that its delivery or activation
				  names cannot be had */
	const char *version;

	/* the installed pair */
	const char *installed;  /* fingerprint */
	const char *chain;      /* digest of the certificates above the leaf */
	struct der leaf;        /* len 0: none, or not shown */
	const char *damage;     /* NULL: it is whole; else "key.pem does not match" */
	const char *attr_flaw;  /* NULL: owner and mode of its files are as they
				   were set, or unknown; else what differs */
	const char *staged;     /* fingerprint staged but not committed; NULL */
	const char *unwritable; /* NULL: it can be replaced; else why not */

	/* the served pair */
	const char *served;       /* fingerprint */
	const char *served_flaw;  /* NULL: what is served above the leaf reaches its
				     anchor, or is unknown; else what is wrong */
	int64_t served_not_after; /* 0: unknown */
	enum evidence evidence;
	bool refused;             /* all its ports refuse connections: nothing listens */
	const char *unverifiable; /* NULL, or why no handshake can be completed: a port
				     demands a client certificate */
	const char *plain;        /* NULL, or how a port answers that speaks no TLS at all */

	/* the process that is activated */
	const char *activated;   /* fingerprint of the last pair that its host knows to
				    be activated; NULL: unknown */
	int64_t activating;      /* seconds until the latest end of the activation that runs
				    there; 0: none, or unknown */
	const char *activation;  /* name, when its host reports it; NULL */
	const char *doubt;       /* NULL: its pidfile names the right process, or
				    there is none; else why that is doubtful */
	const char *untrusted;   /* NULL, or why it cannot be activated: who else could
				    write the pidfile, no permission, no program */
	const char *denied;      /* NULL, or why the account that restarts it is refused: "403:
				    the permission 'Shutdown or Restart' is missing" */
	const char *not_running; /* NULL, or why there seems to be no process */
	const char *executable;  /* of that process */

	/* a collector, as its AppMon Server has it */
	enum appmon_link link;
	bool embedded;    /* restarts with the Server */
	int64_t started;  /* differs after each start of its process; 0: unknown */
	bool agents_told; /* the number is known */
	int64_t agents;   /* connected to it */

	/* the host */
	int64_t clock_ahead;    /* seconds its clock is ahead of ours, negative:
				   behind; 0: none, or unknown */
	const char *order_from; /* lineage of the newest order that it took;
				   NULL: nobody's, or unknown */
	int64_t order_taken;    /* sequence of that order; 0: none, or unknown */
};

/* With its strings in `a`, without the leaf. */
struct observation observation_copy(const struct observation *o, struct arena *a);

extern const char *const evidence_names[EVIDENCE_COUNT + 1];
extern const char *const appmon_link_names[LINK_COUNT + 1];

#endif
