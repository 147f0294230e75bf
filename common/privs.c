/* SPDX-License-Identifier: ISC */
/*
 * privs.c: capabilities, and seccomp by exclusion.  The parent's filter is
 * inherited by every process below it, answer scripts too, so it cannot list
 * what is allowed; it lists what nothing below bootward ever needs.
 */
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <errno.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <string.h>
#include <unistd.h>

#include "bootward.h"
#include "sandbox.h"

static const int denied[] = {
	SCMP_SYS(acct), SCMP_SYS(add_key), SCMP_SYS(adjtimex), SCMP_SYS(bpf),
	SCMP_SYS(clock_adjtime), SCMP_SYS(clock_settime),
	SCMP_SYS(delete_module), SCMP_SYS(fanotify_init),
	SCMP_SYS(finit_module), SCMP_SYS(fsconfig), SCMP_SYS(fsmount),
	SCMP_SYS(fsopen), SCMP_SYS(fspick), SCMP_SYS(init_module),
	SCMP_SYS(io_uring_enter), SCMP_SYS(io_uring_register),
	SCMP_SYS(io_uring_setup), SCMP_SYS(ioperm), SCMP_SYS(iopl),
	SCMP_SYS(kcmp), SCMP_SYS(kexec_file_load), SCMP_SYS(kexec_load),
	SCMP_SYS(keyctl), SCMP_SYS(lookup_dcookie), SCMP_SYS(mknod),
	SCMP_SYS(mknodat), SCMP_SYS(mount), SCMP_SYS(mount_setattr),
	SCMP_SYS(move_mount), SCMP_SYS(move_pages), SCMP_SYS(nfsservctl),
	SCMP_SYS(open_by_handle_at), SCMP_SYS(open_tree),
	SCMP_SYS(perf_event_open), SCMP_SYS(personality),
	SCMP_SYS(pidfd_getfd), SCMP_SYS(pivot_root),
	SCMP_SYS(process_madvise), SCMP_SYS(process_vm_readv),
	SCMP_SYS(process_vm_writev), SCMP_SYS(ptrace), SCMP_SYS(quotactl),
	SCMP_SYS(reboot), SCMP_SYS(request_key), SCMP_SYS(setdomainname),
	SCMP_SYS(sethostname), SCMP_SYS(setns), SCMP_SYS(settimeofday),
	SCMP_SYS(swapoff), SCMP_SYS(swapon), SCMP_SYS(syslog),
	SCMP_SYS(umount2), SCMP_SYS(userfaultfd), SCMP_SYS(vhangup),
	NOTHING
};

/* One capability word of the kernel's version 3 interface holds 32. */
int
sandbox_set_caps(uint64_t caps)
{
	struct __user_cap_header_struct	header = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct	data[2];
	size_t				i;

	for (i = 0; i < nitems(data); i++) {
		data[i].effective = (uint32_t)(caps >> (32 * i));
		data[i].permitted = data[i].effective;
		data[i].inheritable = data[i].effective;
	}
	if (caps == 0 && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0,
	    0) == -1)
		return (-1);
	return (syscall(SYS_capset, &header, data) == -1 ? -1 : 0);
}

static int
deny_all(scmp_filter_ctx ctx)
{
	const int	*call;

	for (call = denied; *call != NOTHING; call++)
		if (seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), *call, 0) != 0)
			return (-1);
	/* A user namespace would give its maker every capability in it. */
	if (seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(unshare), 1,
	    SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_NEWUSER, CLONE_NEWUSER)) != 0 ||
	    seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
	    SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_NEWUSER, CLONE_NEWUSER)) != 0 ||
	    seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3),
	    0) != 0)
		return (-1);
	return (0);
}

int
sandbox_deny(const int *more)
{
	scmp_filter_ctx	ctx;
	int		error;

	if ((ctx = seccomp_init(SCMP_ACT_ALLOW)) == NULL)
		return (-1);
	error = deny_all(ctx) == -1;
	for (; *more != NOTHING && !error; more++)
		error = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), *more,
		    0) != 0;
	if (!error)
		error = seccomp_load(ctx) != 0;
	seccomp_release(ctx);
	return (error ? -1 : 0);
}

/* Classic BPF, built backwards from what it refuses. */
struct program {
	struct sock_filter	code[256];
	unsigned short		n;
};

static void
op(struct program *p, uint16_t code, uint32_t k, uint8_t jt, uint8_t jf)
{
	if (p->n < nitems(p->code))
		p->code[p->n++] = (struct sock_filter){ code, jt, jf, k };
}

/* Does any of the three arguments hold anything but a listed id? Kill. */
static void
op_check_ids(struct program *p, const uint32_t *ids, uint8_t n)
{
	const uint32_t	low = offsetof(struct seccomp_data, args);
	uint32_t	arg;
	uint8_t		i;

	for (arg = 0; arg < 3; arg++) {
		op(p, BPF_LD | BPF_W | BPF_ABS, low + arg * 8, 0, 0);
		for (i = 0; i < n; i++)
			op(p, BPF_JMP | BPF_JEQ | BPF_K, ids[i],
			    (uint8_t)(n - i), 0);
		op(p, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS, 0, 0);
	}
	op(p, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
}

/*
 * A rule of libseccomp compares an argument with one value; "one of these"
 * for all three arguments is a filter of its own.  An id is 32 bits, which is
 * the low word of its argument here: little-endian only.
 */
int
sandbox_deny_ids(const uint32_t *uids, const uint32_t *gids, size_t n)
{
	static const uint32_t	plain[] = {
		SYS_setuid, SYS_setgid, SYS_setreuid, SYS_setregid,
		SYS_setfsuid, SYS_setfsgid
	};
	struct program		p = { .n = 0 };
	struct sock_fprog	prog = { .filter = p.code };
	const uint8_t		block = (uint8_t)(3 * (n + 2) + 1);
	size_t			i;

	static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "args");
	op(&p, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr),
	    0, 0);
	for (i = 0; i < nitems(plain); i++) {
		op(&p, BPF_JMP | BPF_JEQ | BPF_K, plain[i], 0, 1);
		op(&p, BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM, 0, 0);
	}
	op(&p, BPF_JMP | BPF_JEQ | BPF_K, SYS_setresuid, 0, block);
	op_check_ids(&p, uids, (uint8_t)n);
	op(&p, BPF_JMP | BPF_JEQ | BPF_K, SYS_setresgid, 0, block);
	op_check_ids(&p, gids, (uint8_t)n);
	op(&p, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
	prog.len = p.n;
	return (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) == -1 ?
	    -1 : 0);
}
