/* SPDX-License-Identifier: Apache-2.0 */
#include "sshd_fixture.h"

char ssh_dir[64];

struct arena ssh_arena;

pid_t sshd_pid;

uint16_t sshd_port;

const char *ssh_path(const char *name)
{
	return arena_printf(&ssh_arena, "%s/%s", ssh_dir, name);
}

void sh(const char *command)
{
	if (system(command))
		fail_msg("'%s' failed", command);
}

void make_key(const char *name, const char *options)
{
	sh(arena_printf(&ssh_arena, "ssh-keygen -q -C '' %s -f %s", options, ssh_path(name)));
}

void ssh_file_write(const char *name, const char *text)
{
	FILE *f = fopen(ssh_path(name), "we");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

char *ssh_file_read(const char *name)
{
	AUTO(buf) text = { 0 };
	struct err e = { 0 };

	must(fs_read(ssh_path(name), 1 << 20, &text, &e), &e);
	return arena_strdup(&ssh_arena, buf_text(&text));
}

static struct sockaddr_in loopback(uint16_t port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons(port),
				     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static bool sshd_listens(void)
{
	struct sockaddr_in in = loopback(sshd_port);
	AUTO(fd) fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return !connect(fd, (void *)&in, sizeof(in));
}

void sshd_stop(void)
{
	if (!sshd_pid)
		return;
	kill(sshd_pid, SIGTERM);
	waitpid(sshd_pid, NULL, 0);
	sshd_pid = 0;
}

const char *ssh_user(void)
{
	return arena_strdup(&ssh_arena, getpwuid(geteuid())->pw_name);
}

/*
 * From 9.8 on a server makes whoever failed to log in wait, as do tests that
 * try strangers; one before does not know the word.
 */
static const char *without_penalties(void)
{
	return system("grep -qi persourcepenalties " SSHD) == 0 ? "PerSourcePenalties no" : "";
}

static void sshd_configure(const char *options)
{
	sshd_port = free_port();
	ssh_file_write("config",
		       arena_printf(&ssh_arena,
				    "Port %u\nListenAddress 127.0.0.1\n"
				    "HostKey %s\nHostKey %s\nPidFile none\n"
				    "AuthorizedKeysFile %s\nUsePAM no\n"
				    "StrictModes no\nPasswordAuthentication no\n"
				    "SetEnv HOME=%s\n%s\n%s\n",
				    sshd_port, ssh_path("host_ed25519"), ssh_path("host_ecdsa"),
				    ssh_path("authorized"), ssh_dir, without_penalties(), options));
}

void sshd_start(const char *options)
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

int open_ssh_dir(void **state)
{
	(void)state;
	umask(077);
	strcpy(ssh_dir, "/tmp/certfleet-ssh-XXXXXX");
	if (!mkdtemp(ssh_dir))
		return -1;
	ssh_file_write("log", "");
	if (access(SSHD, X_OK))
		return 0;
	if (geteuid() == 0)
		mkdir("/run/sshd", 0755);
	make_key("host_ed25519", "-t ed25519 -N ''");
	make_key("host_ecdsa", "-t ecdsa -N ''");
	make_key("id", "-t ed25519 -N ''");
	ssh_file_write("authorized", ssh_file_read("id.pub"));
	return 0;
}

int close_ssh_dir(void **state)
{
	(void)state;
	sshd_stop();
	folder_remove(ssh_dir);
	arena_release(&ssh_arena);
	return 0;
}

void needs_sshd(void)
{
	if (!access(SSHD, X_OK))
		return;
	print_message("SKIPPED: openssh-server is not installed\n");
	skip();
}

size_t logins(void)
{
	size_t count = 0;

	for (const char *at = ssh_file_read("log"); (at = strstr(at, "Accepted publickey")); at++)
		count++;
	return count;
}

const char *public_half(const char *name)
{
	char *text = ssh_file_read(arena_printf(&ssh_arena, "%s.pub", name));

	for (size_t len = strlen(text); len && text[len - 1] <= ' '; len--)
		text[len - 1] = '\0';
	return text;
}
