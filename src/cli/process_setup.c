/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include "base/secret.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	FILES = 16384,
};

void process_setup(void)
{
	static const struct rlimit none;
	struct rlimit files;
	int fd = 0;

	umask(077);
	/* open() takes the lowest number that is free */
	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
	if (prctl(PR_SET_DUMPABLE, 0) < 0 || setrlimit(RLIMIT_CORE, &none) < 0)
		abort();
	/* GnuTLS would log the secrets of every session to it. */
	unsetenv("SSLKEYLOGFILE");
	/* documents may hold keys on their way to or from a component */
	json_set_alloc_funcs(malloc, wipe_free);
	/* one connection for each component of a large fleet */
	if (!getrlimit(RLIMIT_NOFILE, &files) && files.rlim_cur < FILES) {
		files.rlim_cur = files.rlim_max < FILES ? files.rlim_max : FILES;
		setrlimit(RLIMIT_NOFILE, &files);
	}
}
