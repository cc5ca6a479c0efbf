/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A real OpenSSH server on a loopback port, for the user who runs the tests,
 * with keys of its own; ended by its process id.  Without one installed the
 * tests that need it are skipped.
 */
#ifndef SSHD_FIXTURE_H
#define SSHD_FIXTURE_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/fs.h"
#include "test.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SSHD "/usr/sbin/sshd"

extern char ssh_dir[64];
extern struct arena ssh_arena;
extern pid_t sshd_pid;
extern uint16_t sshd_port;
const char *ssh_path(const char *name);
void sh(const char *command);
void make_key(const char *name, const char *options);
void ssh_file_write(const char *name, const char *text);
char *ssh_file_read(const char *name);
void sshd_stop(void);
const char *ssh_user(void);
void sshd_start(const char *options);

#define SFTP_SUBSYSTEM "Subsystem sftp internal-sftp"

/* Keys, made once; "log" stays empty without a server. */
int open_ssh_dir(void **state);

int close_ssh_dir(void **state);
void needs_sshd(void);

/* How often somebody was let in. */
size_t logins(void);

/* "ssh-ed25519 AAAA..." of a key that was made here. */
const char *public_half(const char *name);

#endif
