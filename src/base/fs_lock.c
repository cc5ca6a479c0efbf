/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fs.h"

#include "base/clock.h"
#include "base/stop.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>

enum {
	LOCK_POLL_MS = 100,
	HOLDER_LIMIT = 512
};

/* Retries until the lock is ours or the time is over. */
static bool take_lock(int fd, int64_t wait_ms)
{
	int64_t end = clock_mono_ms() + wait_ms;

	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return false;
		if (clock_mono_ms() >= end || stop_requested()) {
			errno = EWOULDBLOCK;
			return false;
		}
		clock_sleep_ms(LOCK_POLL_MS);
	}
	return true;
}

static bool say_who_holds(int fd, struct err *e)
{
	char holder[HOLDER_LIMIT + 1] = { 0 };
	ssize_t n = pread(fd, holder, HOLDER_LIMIT, 0);

	holder[n > 0 ? n : 0] = '\0';
	holder[strcspn(holder, "\n")] = '\0';
	return err_set(e, ERR_BUSY, "it is locked by %s", *holder ? holder : "another certfleet");
}

bool fs_lock(const char *path, const char *holder, int64_t wait_ms, int *lockfd, struct err *e)
{
	size_t len = strlen(holder);
	AUTO(fd) fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return err_sys(e, "cannot open the lock '%s'", path);
	if (!take_lock(fd, wait_ms)) {
		if (errno == EWOULDBLOCK)
			return say_who_holds(fd, e);
		return err_sys(e, "cannot take the lock '%s'", path);
	}
	if (ftruncate(fd, 0) < 0 || pwrite(fd, holder, len, 0) != (ssize_t)len)
		return err_sys(e, "cannot write the lock '%s'", path);
	*lockfd = TAKE_FD(fd);
	return true;
}
