/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A real OpenSSH server on a loopback port, for the user who runs the tests,
 * with keys of its own; ended by its process id.  Without one installed the
 * tests that need it are skipped.
 */
#ifndef SSHD_FIXTURE_H
#define SSHD_FIXTURE_H

#include <stddef.h>
#include <stdint.h>

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

static char ssh_dir[64];
static struct arena ssh_arena;
static pid_t sshd_pid;
static uint16_t sshd_port;

static inline const char *ssh_path(const char *name)
{
	return arena_printf(&ssh_arena, "%s/%s", ssh_dir, name);
}

static inline void sh(const char *command)
{
	if (system(command))
		fail_msg("'%s' failed", command);
}

static inline void make_key(const char *name, const char *options)
{
	sh(arena_printf(&ssh_arena, "ssh-keygen -q -C '' %s -f %s", options, ssh_path(name)));
}

static inline void put_text(const char *name, const char *text)
{
	FILE *f = fopen(ssh_path(name), "we");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static inline char *get_text(const char *name)
{
	AUTO(buf) text = { 0 };
	struct err e = { 0 };

	if (!fs_read(ssh_path(name), 1 << 20, &text, &e))
		fail_msg("%s", e.text);
	return arena_strdup(&ssh_arena, buf_text(&text));
}

static inline struct sockaddr_in loopback(uint16_t port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons(port),
				     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static inline uint16_t a_free_port(void)
{
	struct sockaddr_in in = loopback(0);
	socklen_t len = sizeof(in);
	AUTO(fd) fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (void *)&in, sizeof(in)), 0);
	assert_int_equal(getsockname(fd, (void *)&in, &len), 0);
	return ntohs(in.sin_port);
}

static inline bool sshd_listens(void)
{
	struct sockaddr_in in = loopback(sshd_port);
	AUTO(fd) fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return !connect(fd, (void *)&in, sizeof(in));
}

static inline void sshd_stop(void)
{
	if (!sshd_pid)
		return;
	kill(sshd_pid, SIGTERM);
	waitpid(sshd_pid, NULL, 0);
	sshd_pid = 0;
}

static inline const char *ssh_user(void)
{
	return arena_strdup(&ssh_arena, getpwuid(geteuid())->pw_name);
}

/*
 * From 9.8 on a server makes whoever failed to log in wait, as do tests that
 * try strangers; one before does not know the word.
 */
static inline const char *without_penalties(void)
{
	return system("grep -qi persourcepenalties " SSHD) == 0 ? "PerSourcePenalties no" : "";
}

static inline void sshd_configure(const char *options)
{
	sshd_port = a_free_port();
	put_text("config",
		 arena_printf(&ssh_arena,
			      "Port %u\nListenAddress 127.0.0.1\n"
			      "HostKey %s\nHostKey %s\nPidFile none\n"
			      "AuthorizedKeysFile %s\nUsePAM no\n"
			      "StrictModes no\nPasswordAuthentication no\n"
			      "SetEnv HOME=%s\n%s\n%s\n",
			      sshd_port, ssh_path("host_ed25519"), ssh_path("host_ecdsa"),
			      ssh_path("authorized"), ssh_dir, without_penalties(), options));
}

static inline void sshd_start(const char *options)
{
	sshd_configure(options);
	sshd_pid = fork();
	assert_true(sshd_pid >= 0);
	if (sshd_pid == 0) {
		int null = open("/dev/null", O_RDWR);

		prctl(PR_SET_PDEATHSIG, SIGTERM);
		dup2(null, 0);
		dup2(null, 1);
		dup2(null, 2);
		execl(SSHD, SSHD, "-D", "-f", ssh_path("config"), "-E", ssh_path("log"), NULL);
		_exit(127);
	}
	for (int i = 0; i < PATIENCE_MS / 50 && !sshd_listens(); i++)
		clock_sleep_ms(50);
	assert_true(sshd_listens());
}

#define SFTP_SUBSYSTEM "Subsystem sftp internal-sftp"

/* Keys, made once; "log" stays empty without a server. */
static inline int open_ssh_dir(void **state)
{
	(void)state;
	umask(077);
	strcpy(ssh_dir, "/tmp/certfleet-ssh-XXXXXX");
	if (!mkdtemp(ssh_dir))
		return -1;
	put_text("log", "");
	if (access(SSHD, X_OK))
		return 0;
	if (geteuid() == 0)
		mkdir("/run/sshd", 0755);
	make_key("host_ed25519", "-t ed25519 -N ''");
	make_key("host_ecdsa", "-t ecdsa -N ''");
	make_key("id", "-t ed25519 -N ''");
	put_text("authorized", get_text("id.pub"));
	return 0;
}

static inline int remove_from_ssh_dir(const char *path, const struct stat *st, int type,
				      struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static inline int close_ssh_dir(void **state)
{
	(void)state;
	sshd_stop();
	nftw(ssh_dir, remove_from_ssh_dir, 16, FTW_DEPTH | FTW_PHYS);
	arena_release(&ssh_arena);
	return 0;
}

static inline void needs_sshd(void)
{
	if (!access(SSHD, X_OK))
		return;
	print_message("SKIPPED: openssh-server is not installed\n");
	skip();
}

/* How often somebody was let in. */
static inline size_t logins(void)
{
	size_t count = 0;

	for (const char *at = get_text("log"); (at = strstr(at, "Accepted publickey")); at++)
		count++;
	return count;
}

/* "ssh-ed25519 AAAA..." of a key that was made here. */
static inline const char *public_half(const char *name)
{
	char *text = get_text(arena_printf(&ssh_arena, "%s.pub", name));

	for (size_t len = strlen(text); len && text[len - 1] <= ' '; len--)
		text[len - 1] = '\0';
	return text;
}

#endif
