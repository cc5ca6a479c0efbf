/* SPDX-License-Identifier: Apache-2.0 */
/* The entries of a pair in an etcd, and what those that were read amount to. */
#ifndef DRIVERS_ETCD_PAIR_H
#define DRIVERS_ETCD_PAIR_H

#include "drivers/etcd_session.h"
#include "install/pair_files.h"

#include <stdbool.h>

/* Beneath KEY, KEY/staged/FINGERPRINT and KEY/previous. */
struct etcd_entry {
	const char *name;
	enum file_kind part; /* FILE_KIND_COUNT: the fingerprint */
};
enum {
	ETCD_ENTRIES = 5
};
extern const struct etcd_entry etcd_entries[ETCD_ENTRIES];

/* The job's pair as the PEM texts of the entries. */
void etcd_job_pieces(const struct job *j, struct pair_files *out);
/* The value of an entry for it, as base64; `out` must be empty. */
void etcd_entry_value(const struct job *j, const struct pair_files *pieces,
		      const struct etcd_entry *entry, struct secret *out);

/*
 * Judges what is published, into the talk's `held`.  Without the key its
 * revision has to do: entries that were written at once have the same.
 */
void etcd_judge(struct visit *v, bool with_key);
/* That it is this pair, and whole; "" nothing is published. */
bool etcd_holds(const struct visit *v, const char *fingerprint);
/* The leaf's fingerprint in a certificate that was read; "" there is none. */
const char *etcd_leaf(const struct visit *v, const char *name);

#endif
