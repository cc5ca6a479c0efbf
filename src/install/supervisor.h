/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Supervisors: the commands that activate a process are run by a process of ours, which
 * lives on when we are killed, ends them at their deadline, and writes the outcome down
 * durably.  It is this program started anew, so that it holds none of our secrets, and
 * learns what to run from its record.
 *
 * One directory holds a record for each process whose activation has begun, and a
 * lock by process that the supervisor holds until it exits: one activation of a
 * process at a time, whoever asks.  A record whose lock is free and that has no
 * outcome belongs to a supervisor that was killed, at a power loss for example.
 * Whoever has stored the outcome elsewhere removes the record.
 *
 * The supervisor has a session of its own, keeps no descriptor but the lock, and
 * heeds SIGUSR1 alone, which is its stop: the running command is killed.
 */
#ifndef INSTALL_SUPERVISOR_H
#define INSTALL_SUPERVISOR_H

#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* ---- records ---- */

enum activation_end {
	ACTIVATION_RUNS, /* or its supervisor was killed */
	ACTIVATION_DONE,
	ACTIVATION_FAILED,
	ACTIVATION_END_COUNT
};

/* What is run. */
struct supervised {
	const char *directory; /* of records and lock; made when missing */
	const char *process;
	const char *component;
	const char *fingerprint;
	const char *const *argv;
	const char *const *env; /* as struct child's extra_env */
	const char *place;      /* as struct child's directory */
	const char *unit;       /* of systemd, waited for until it has no job; NULL: none */
	int64_t timeout_ms;
	bool sees_key;       /* may repeat a key, and its last line of stderr is the cause */
	bool leaves_nothing; /* an orphan that the command leaves is a failure */
};

struct activation_record {
	struct supervised order; /* `directory` is NULL */
	int64_t until;           /* UTC seconds: the latest end */
	enum activation_end end;
	unsigned code;     /* enum err_code of a failure */
	const char *error; /* text of a failure; NULL */
};

/* All of a directory; a damaged record is left out.  No directory: none. */
MUST_CHECK bool activation_records(const char *directory, struct arena *a,
				   const struct activation_record **list, size_t *count,
				   struct err *e);
/* False: none, or damaged. */
bool activation_record_read(const char *directory, const char *process, struct arena *a,
			    struct activation_record *out);
/* Failures are ignored: the next reader compares the record with what it knows. */
void activation_record_remove(const char *directory, const char *process);

/*
 * Whether the activation of a process runs now; when it does, waits until it has
 * ended, at most until `until` and a little longer (ERR_BUSY) or a stop.
 */
bool activation_runs(const char *directory, const char *process);
MUST_CHECK bool activation_wait(const char *directory, const struct activation_record *r,
				struct err *e);

/* ---- supervisors ---- */

enum {
	SUPERVISED_LIMIT = 256, /* of one supervisors_wait() */
};

/*
 * For main(), before anything else: a process that was started as a supervisor runs as
 * one and does not return.
 */
void supervisor_main(int argc, char **argv);

struct supervisor {
	const char *directory;
	const char *process;
	pid_t pid; /* 0: none was needed */
	int pidfd; /* -1: not running */
	int64_t until;
};

void supervisor_close(struct supervisor *s);
AUTO_STRUCT(supervisor, struct supervisor, supervisor_close)

/*
 * Waits for an earlier activation of the process.  When that one was of the same
 * fingerprint, succeeded, and is still recorded, its outcome stands for this one
 * and nothing is run.  `s` and its strings are borrowed until supervisor_end().
 */
MUST_CHECK bool supervisor_begin(const struct supervised *s, struct supervisor *out, struct err *e);

/* Called once, when a stop is noticed while `running` activations are waited for. */
typedef void supervisor_stop_fn(void *ctx, size_t running, int64_t until);

/*
 * Waits for all of them, until a second stop; `stopping` is NULL: until the first.
 * When running commands are to be killed (stop_kills()), they are.
 */
void supervisors_wait(struct supervisor *list, size_t count, supervisor_stop_fn *stopping,
		      void *ctx);
/* The outcome.  ERR_STOPPED: it was not waited for, and goes on. */
MUST_CHECK bool supervisor_end(struct supervisor *s, struct err *e);

/* ---- orphan processes ---- */

/*
 * Orphan processes: what an activation command leaves behind.  A daemon that is
 * started as a child of the agent dies with it (its service manager ends the
 * whole group of processes), so such a command fails: a service is started
 * through the service manager.
 *
 * Only for a process that was forked for one activation.
 */

/* From now on this process inherits the orphans of its descendants. */
MUST_CHECK bool orphan_watch(struct err *e);
/* ERR_REMOTE with the name of an orphan that still runs. */
MUST_CHECK bool orphan_check(struct arena *a, struct err *e);

#endif
