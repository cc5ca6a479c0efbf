/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/overwrite.h"

#include "base/auto.h"
#include "base/text.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	BEGINNING = 512 /* bytes that identify a file */
};

bool overwrite_check(const char *path, const char *what, is_ours_fn *is_ours, struct err *e)
{
	AUTO(arena) a = { 0 };
	AUTO(fd) fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char begin[BEGINNING + 1] = "";
	struct stat st;

	if (lstat(path, &st) < 0)
		return true; /* fs_replace() reports any other problem */
	if (S_ISREG(st.st_mode) && fd >= 0 &&
	    (st.st_size == 0 || (read(fd, begin, BEGINNING) > 0 && is_ours(begin))))
		return true;
	return err_set(e, ERR_USAGE,
		       "'%s' is there already and is no %s; name another file, or remove it",
		       text_escaped(&a, path), what);
}
