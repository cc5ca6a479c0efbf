/* SPDX-License-Identifier: Apache-2.0 */
/* A folder for each test of a file: TEST_EACH(folder_setup, folder_teardown). */
#ifndef FOLDER_FIXTURE_H
#define FOLDER_FIXTURE_H

extern char folder[64];

int folder_setup(void **state);
int folder_teardown(void **state);

/* Path of a name in it; four at a time. */
const char *in(const char *name);

#endif
