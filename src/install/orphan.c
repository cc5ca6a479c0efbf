/* SPDX-License-Identifier: Apache-2.0 */
#include "install/supervisor.h"

#include "base/clock.h"
#include "base/text.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	GRACE_MS = 1000, /* for processes that are about to exit */
	POLL_MS = 20,
	TEXT_ROOM = 256,
};

bool orphan_watch(struct err *e)
{
	if (prctl(PR_SET_CHILD_SUBREAPER, 1))
		return err_sys(e, "cannot watch what a command leaves");
	return true;
}

static bool orphan_read_text(const char *path, char text[TEXT_ROOM])
{
	AUTO(fd) fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, TEXT_ROOM - 1);

	text[n > 0 ? n : 0] = '\0';
	return n > 0;
}

/* The first living child; 0: none. */
static pid_t first_child(void)
{
	char path[64];
	char text[TEXT_ROOM];

	while (waitpid(-1, NULL, WNOHANG) > 0)
		continue;
	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	return orphan_read_text(path, text) ? atoi(text) : 0;
}

bool orphan_check(struct arena *a, struct err *e)
{
	int64_t end_ms = clock_mono_ms() + GRACE_MS;
	char path[64];
	char name[TEXT_ROOM];
	pid_t pid = first_child();

	for (; pid > 0 && clock_mono_ms() < end_ms; pid = first_child())
		usleep(POLL_MS * 1000);
	if (pid <= 0)
		return true;
	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	if (!orphan_read_text(path, name))
		return true;
	name[strcspn(name, "\n")] = '\0';
	return err_set(
		e, ERR_REMOTE,
		"the command left process %d ('%s') behind, which would die with the agent; start services through the service manager, with systemctl for example",
		(int)pid, text_escaped(a, name));
}
