/* SPDX-License-Identifier: Apache-2.0 */
#include "folder_fixture.h"

#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char folder[64];

int folder_setup(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/certfleet-test-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

int folder_teardown(void **state)
{
	(void)state;
	folder_remove(folder);
	return 0;
}

const char *in(const char *name)
{
	static char paths[4][160];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
	return path;
}
