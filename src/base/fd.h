/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors that block: whole reads and writes, whatever interrupts them. */
#ifndef BASE_FD_H
#define BASE_FD_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* False with errno. */
MUST_CHECK bool fd_write_all(int fd, const void *bytes, size_t len);
/* Bytes read: fewer than `len` only at the end; -1 with errno. */
MUST_CHECK ssize_t fd_read_all(int fd, void *bytes, size_t len);

#endif
