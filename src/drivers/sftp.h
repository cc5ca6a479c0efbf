/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver `sftp`: paths of another machine, over SSH.
 *
 * What stands there is looked at and written over SFTP; links are made, moved
 * and removed by a script (drivers/ssh_script.h), because SFTP cannot rename
 * over what is there.  Layout, rules and crash safety are those of place/: a
 * version is staged beside the target and read back, a commit turns one link,
 * what was there before is kept, a revert turns the link back.
 *
 * Two things differ.  A directory that was there before certfleet came is
 * exchanged with the link by two renames, so that for a moment there is none.
 * And paths are looked at before they are used, by name: who may write the
 * directories on the way could change them in between, which is why these are
 * checked.
 *
 * An activation is a command that is run there, with a clean environment, and
 * killed there at its deadline.
 */
#ifndef DRIVERS_SFTP_H
#define DRIVERS_SFTP_H

#include "drivers/driver_table.h"

extern const struct driver sftp_driver;

#endif
