/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"
#include "install/supervisor.h"

int main(int argc, char **argv)
{
	supervisor_main(argc, argv);
	return cli_main(argc, argv);
}
