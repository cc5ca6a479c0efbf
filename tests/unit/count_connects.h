/* SPDX-License-Identifier: Apache-2.0 */
/* How often a socket of this process was told to connect, by whatever library. */
#ifndef COUNT_CONNECTS_H
#define COUNT_CONNECTS_H

#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static atomic_int connects;

/* In the place of the library's. */
int connect(int fd, const struct sockaddr *to, socklen_t len)
{
	atomic_fetch_add(&connects, 1);
	return (int)syscall(SYS_connect, fd, to, len);
}

#endif
