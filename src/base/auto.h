/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scope-bound ownership.
 *
 * AUTO_TYPE(crt, gnutls_x509_crt_t, gnutls_x509_crt_deinit) teaches the
 * compiler how to release one kind of handle.  After that
 *
 *	AUTO(crt) leaf = NULL;
 *
 * declares a local that is released on every way out of its block.
 * AUTO_STRUCT(buf, struct buf, buf_release) does the same for a struct that
 * lives in the block itself: `AUTO(buf) text = { 0 };`.  Initialise on the
 * declaring line, and never jump over it.  TAKE(leaf) gives a handle away
 * and leaves NULL (or zeroes) behind.
 */
#ifndef BASE_AUTO_H
#define BASE_AUTO_H

#include <unistd.h>

#define AUTO_TYPE(name, type, release)               \
	typedef type name##_auto_type;               \
	static inline void name##_auto(type *handle) \
	{                                            \
		if (*handle)                         \
			release(*handle);            \
	}

#define AUTO_STRUCT(name, type, release)            \
	typedef type name##_auto_type;              \
	static inline void name##_auto(type *thing) \
	{                                           \
		release(thing);                     \
	}

#define AUTO(name) __attribute__((cleanup(name##_auto))) name##_auto_type

#define TAKE(handle)                                  \
	__extension__({                               \
		__typeof__(handle) taken_ = (handle); \
		(handle) = (__typeof__(handle)){ 0 }; \
		taken_;                               \
	})

/* File descriptors, where -1 means none: AUTO(fd) f = -1; ...  return TAKE_FD(f); */
typedef int fd_auto_type;
static inline void fd_auto(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

#define TAKE_FD(fd)                \
	__extension__({            \
		int taken_ = (fd); \
		(fd) = -1;         \
		taken_;            \
	})

#endif
