/* SPDX-License-Identifier: Apache-2.0 */
/* Loopback sockets and servers of a process of their own, for pki/tls*. */
#ifndef TLS_FIXTURE_H
#define TLS_FIXTURE_H

#include "pki/cert.h"
#include "pki/key.h"
#include "pki/tls.h"
#include "pki_fixture.h"

#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

enum {
	SHORT_MS = 300
};

int listen_on(int family, uint16_t *port);
void make_kind(enum key_type type, struct pair *out);
void probe_one(struct tls_probe *p, struct arena *a);

/* What a server does once it has said as much as it wants to say rightly. */
enum mood {
	GOES_ON,
	STALLS,
	HANGS_UP,
	FLOODS, /* records that TLS 1.3 ignores, without an end */
	DRIPS,  /* byte after byte */
};

/*
 * A server of one connection.  It may present one certificate and hold the
 * key of another, as one does whose files were replaced one by one.
 */
struct pretence {
	const struct pair *shown;
	const struct pair *held;
	enum mood mood;
	size_t right; /* bytes it says before the mood comes over it */
	size_t *said; /* in all; NULL: not counted */
	int peer;
};

void pretend_to(struct pretence *p);
pid_t pretend(int fd, const struct pair *shown, const struct pair *held);

enum {
	CUTS = 24,
	FIRST_CUT = 2 /* 127.0.0.2 is the first address that breaks off */
};

/* Which of the addresses of 127.0.0.0/8 was connected to. */
size_t which_address(int peer);

int listen_everywhere(uint16_t *port);

/*
 * A process for each connection.  It is honest at 127.0.0.1; at the others
 * the mood comes over it after an ever larger share of the `whole`.
 */
pid_t pretend_everywhere(int fd, struct pretence p, size_t whole);

/* Ends a server's process. */
void end_process(pid_t pid);

/* And those that it started. */
void end_group(pid_t pid);

#endif
