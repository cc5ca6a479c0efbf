/* SPDX-License-Identifier: Apache-2.0 */
#include "base/seccomp.h"

#include <assert.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <sys/prctl.h>

#if defined(__x86_64__)
#define NATIVE_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ARCH AUDIT_ARCH_AARCH64
#endif

#ifdef NATIVE_ARCH
static size_t build_filter(const int *calls, size_t count,
			   struct sock_filter *f)
{
	const uint32_t deny = SECCOMP_RET_ERRNO | EPERM;
	size_t n = 0;

	f[n++] = (struct sock_filter)BPF_STMT(
		BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
	f[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
					      NATIVE_ARCH, 1, 0);
	f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
					      SECCOMP_RET_KILL_PROCESS);
	f[n++] = (struct sock_filter)BPF_STMT(
		BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < count; i++) {
		f[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
						      (uint32_t)calls[i], 0, 1);
		f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
						      SECCOMP_RET_ALLOW);
	}
	f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, deny);
	return n;
}

bool seccomp_allow_only(const int *calls, size_t count)
{
	struct sock_filter filter[8 + 2 * SECCOMP_CALLS];
	struct sock_fprog program = { .filter = filter };

	assert(count <= SECCOMP_CALLS);
	program.len = (unsigned short)build_filter(calls, count, filter);
	return !prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) ||
	       errno == EINVAL || errno == ENOSYS;
}
#else
bool seccomp_allow_only(const int *calls, size_t count)
{
	(void)calls;
	(void)count;
	return true;
}
#endif
