/* SPDX-License-Identifier: Apache-2.0 */
/* Whole reads and writes on blocking descriptors; EINTR is handled. */
#ifndef BASE_FD_H
#define BASE_FD_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* False with errno. */
MUST_CHECK bool fd_write_all(int fd, const void *bytes, size_t len);
/* Number of bytes read, less than `len` only at end of file; -1 with errno. */
MUST_CHECK ssize_t fd_read_all(int fd, void *bytes, size_t len);

#endif
