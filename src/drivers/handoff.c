/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver `handoff`: a file that a person imports into a product.
 *
 * Stage writes the file (install/owned_file.h).  Nothing here can see or change what the
 * product has: the commit only follows what a handshake, or the person, has said; and a
 * roll back writes the former pair to the file and leaves the rest to the person.
 */
#include "drivers/driver_table.h"

#include "install/owned_file.h"

static bool handoff_probe(struct job *j, struct err *e)
{
	(void)e;
	j->seen.online = true;
	return true;
}

static bool handoff_write(struct job *j, struct err *e)
{
	if (!j->file)
		return err_set(e, ERR_MISSING, "the pair %.12s is not in the state",
			       j->fingerprint);
	return owned_file_replace(j->file, j->content, e);
}

/* What a later apply writes again is no trouble while it lies there. */
static bool handoff_nothing(struct job *j, struct err *e)
{
	(void)j;
	(void)e;
	return true;
}

static bool handoff_read(struct job *j, struct err *e)
{
	(void)j;
	return err_set(e, ERR_MISSING, "what a person imported cannot be read");
}

const struct driver handoff_driver = {
	.calls = {
		[DRIVER_PROBE] = handoff_probe,
		[DRIVER_STAGE] = handoff_write,
		[DRIVER_COMMIT] = handoff_nothing,
		[DRIVER_ABORT] = handoff_nothing,
		[DRIVER_ACTIVATE] = handoff_nothing,
		[DRIVER_REVERT] = handoff_write,
		[DRIVER_REMOVE] = handoff_nothing,
		[DRIVER_READ] = handoff_read,
	},
	.takes_pair = true,
};
