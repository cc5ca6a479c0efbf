/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "install/supervisor.h"

/* Linked only to a test that starts supervisors, which are this program. */
#pragma weak supervisor_main

int main(int argc, char **argv)
{
	if (supervisor_main)
		supervisor_main(argc, argv);
	return test_run();
}
