/* SPDX-License-Identifier: Apache-2.0 */
#include "base/seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

/*
 * Calls that computing on memory needs.  Any other call fails with EPERM, so a
 * library that needs more takes its own error path.
 */
static const int allowed_calls[] = {
	SYS_read,
	SYS_write,
	SYS_writev,
	SYS_close,
	SYS_mmap,
	SYS_munmap,
	SYS_mremap,
	SYS_mprotect,
	SYS_madvise,
	SYS_brk,
	SYS_exit,
	SYS_exit_group,
	SYS_rt_sigreturn,
	SYS_rt_sigaction,
	SYS_rt_sigprocmask,
	SYS_sigaltstack,
	SYS_getrandom,
	SYS_clock_gettime,
	SYS_clock_getres,
	SYS_gettimeofday,
	SYS_clock_nanosleep,
	SYS_nanosleep,
	SYS_futex,
	SYS_sched_yield,
	SYS_getpid,
	SYS_gettid,
	SYS_getuid,
	SYS_geteuid,
	SYS_getgid,
	SYS_getegid,
	SYS_getrusage,
	SYS_uname,
	SYS_sysinfo,
	SYS_lseek,
	SYS_restart_syscall,
	SYS_sched_getaffinity,
#ifdef SYS_time
	SYS_time,
#endif
};

/* Calls that talking over open sockets needs in addition. */
static const int talking_calls[] = {
	SYS_readv,       SYS_recvfrom, SYS_recvmsg,    SYS_sendto,     SYS_sendmsg,
	SYS_accept4,     SYS_shutdown, SYS_getsockopt, SYS_setsockopt, SYS_getsockname,
	SYS_getpeername, SYS_pselect6, SYS_ppoll,
#ifdef SYS_select
	SYS_select,      SYS_poll,
#endif
	SYS_eventfd2,
};

/*
 * Calls that reach beyond this process and its files.  io_uring would open
 * sockets behind the filter's back.
 */
static const int reaching_calls[] = {
	SYS_socket,
	SYS_socketpair,
	SYS_connect,
	SYS_bind,
	SYS_listen,
	SYS_accept,
	SYS_accept4,
	SYS_sendto,
	SYS_sendmsg,
	SYS_sendmmsg,
	SYS_execve,
	SYS_execveat,
#ifdef SYS_fork
	SYS_fork,
	SYS_vfork,
#endif
#ifndef __SANITIZE_ADDRESS__ /* needed by LeakSanitizer */
	SYS_clone,
	SYS_clone3,
	SYS_ptrace,
#endif
	SYS_process_vm_readv,
	SYS_process_vm_writev,
	SYS_pidfd_getfd,
	SYS_pidfd_send_signal,
	SYS_kill,
	SYS_io_uring_setup,
};
enum {
	ALLOWED_COUNT = sizeof(allowed_calls) / sizeof(*allowed_calls),
	REACHING_COUNT = sizeof(reaching_calls) / sizeof(*reaching_calls),
	TALKING_COUNT = sizeof(talking_calls) / sizeof(*talking_calls),
	FILTER_ROOM = 24 + 2 * (ALLOWED_COUNT + TALKING_COUNT),
	DENY = SECCOMP_RET_ERRNO | EPERM,
};

#if defined(__x86_64__)
#define NATIVE_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ARCH AUDIT_ARCH_AARCH64
#endif

#if defined(NATIVE_ARCH) && !defined(__SANITIZE_THREAD__) /* which has threads of its own */
enum {
	X32_CALLS = 0x40000000 /* x32: the same calls of x86-64 under other numbers */
};

/* A system call filter under construction. */
struct filter {
	struct sock_filter rows[FILTER_ROOM];
	size_t count;
};

static void seccomp_add_row(struct filter *f, struct sock_filter row)
{
	f->rows[f->count++] = row;
}

static void add_load(struct filter *f, size_t offset)
{
	seccomp_add_row(f,
			(struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

static void add_return(struct filter *f, uint32_t verdict)
{
	seccomp_add_row(f, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, verdict));
}

/* The next row applies only when the comparison fails. */
static void add_skip(struct filter *f, uint16_t compare, uint32_t number)
{
	seccomp_add_row(f, (struct sock_filter)BPF_JUMP(BPF_JMP | compare | BPF_K, number, 1, 0));
}

static void filter_begin(struct filter *f)
{
	add_load(f, offsetof(struct seccomp_data, arch));
	add_skip(f, BPF_JEQ, NATIVE_ARCH);
	add_return(f, SECCOMP_RET_KILL_PROCESS);
	add_load(f, offsetof(struct seccomp_data, nr));
}

/* Adds the same action for each of `calls`. */
static void filter_calls(struct filter *f, const int *calls, size_t count, uint32_t verdict)
{
	for (size_t i = 0; i < count; i++) {
		seccomp_add_row(f, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
								(uint32_t)calls[i], 0, 1));
		add_return(f, verdict);
	}
}

/* A kernel without filters is no error. */
static bool filter_apply(struct filter *f)
{
	struct sock_fprog program = { .len = (unsigned short)f->count, .filter = f->rows };

	return !prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) || errno == EINVAL ||
	       errno == ENOSYS;
}

/* fcntl() may read and set flags and duplicate with F_DUPFD_CLOEXEC, nothing else. */
static void filter_fcntl(struct filter *f)
{
	static const int commands[] = { F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC };
	const unsigned count = sizeof(commands) / sizeof(*commands);

	seccomp_add_row(f, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fcntl, 0,
							2 * count + 2));
	add_load(f, offsetof(struct seccomp_data, args[1]));
	filter_calls(f, commands, count, SECCOMP_RET_ALLOW);
	add_return(f, DENY);
}

bool seccomp_only_compute(void)
{
	struct filter f = { 0 };

	filter_begin(&f);
	filter_calls(&f, allowed_calls, ALLOWED_COUNT, SECCOMP_RET_ALLOW);
	add_return(&f, DENY);
	return filter_apply(&f);
}

bool seccomp_only_talk(void)
{
	struct filter f = { 0 };

	filter_begin(&f);
	filter_calls(&f, allowed_calls, ALLOWED_COUNT, SECCOMP_RET_ALLOW);
	filter_calls(&f, talking_calls, TALKING_COUNT, SECCOMP_RET_ALLOW);
	filter_fcntl(&f);
	add_return(&f, DENY);
	return filter_apply(&f);
}

bool seccomp_stay_inside(void)
{
	struct filter f = { 0 };

	filter_begin(&f);
#ifdef __x86_64__
	seccomp_add_row(&f,
			(struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_CALLS, 0, 1));
	add_return(&f, DENY);
#endif
	filter_calls(&f, reaching_calls, REACHING_COUNT, DENY);
	add_return(&f, SECCOMP_RET_ALLOW);
	return filter_apply(&f);
}
#else
bool seccomp_only_compute(void)
{
	return true;
}

bool seccomp_only_talk(void)
{
	return true;
}

bool seccomp_stay_inside(void)
{
	return true;
}
#endif
