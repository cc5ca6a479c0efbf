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

/* open() returns the lowest free number. */
static void take_standard_descriptors(void)
{
	int fd = 0;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

/* One connection for each component of a large fleet. */
static void allow_files(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) || files.rlim_cur >= FILES)
		return;
	files.rlim_cur = files.rlim_max < FILES ? files.rlim_max : FILES;
	setrlimit(RLIMIT_NOFILE, &files);
}

void process_setup(void)
{
	static const struct rlimit none;

	umask(077);
	take_standard_descriptors();
	if (prctl(PR_SET_DUMPABLE, 0) < 0 || setrlimit(RLIMIT_CORE, &none) < 0)
		abort();
	/* GnuTLS would log the secrets of every session to it. */
	unsetenv("SSLKEYLOGFILE");
	/* documents may hold keys on their way to or from a component */
	json_set_alloc_funcs(malloc, wipe_free);
	allow_files();
}
