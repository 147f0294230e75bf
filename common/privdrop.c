/* SPDX-License-Identifier: ISC */
/*
 * privdrop.c: the parent stops being root.  What it keeps is what it takes
 * to start a child again and to bind a socket to an interface that returns.
 */
#include <sys/prctl.h>

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include "parent.h"
#include "sandbox.h"

#define CAP(c)		(1ULL << CAP_##c)
#define CAPS_KEPT	(CAP(SETPCAP) | CAP(SETUID) | CAP(SETGID) |	\
			CAP(SYS_CHROOT) | CAP(SYS_ADMIN) | CAP(KILL) |	\
			CAP(NET_RAW) | CAP(NET_BIND_SERVICE))

/* NSS is asked once, here; no process below ever asks it. */
void
root_users(void)
{
	struct passwd	*pw;
	int		 id;

	for (id = 0; id < PROC_MAX; id++) {
		if (proc_users[id] == NULL)
			continue;
		if ((pw = getpwnam(proc_users[id])) == NULL)
			fatalx("the user %s does not exist: run "
			    "systemd-sysusers, or make install again",
			    proc_users[id]);
		if (pw->pw_uid == 0 || pw->pw_gid == 0)
			fatalx("the user %s must not be root", proc_users[id]);
		parent.users[id].uid = pw->pw_uid;
		parent.users[id].gid = pw->pw_gid;
	}
	endpwent();
}

static int
drop_bounding(void)
{
	int	cap;

	for (cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if ((CAPS_KEPT & 1ULL << cap) == 0 &&
		    prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == -1)
			return (-1);
	return (0);
}

void
root_drop(void)
{
	static const int nothing[] = { NOTHING };
	uint32_t	uids[PROC_MAX], gids[PROC_MAX];
	gid_t		gid = parent.users[PROC_PARENT].gid;
	uid_t		uid = parent.users[PROC_PARENT].uid;
	size_t		n = 0;
	int		id;

	for (id = 0; id < PROC_MAX; id++) {
		if (proc_users[id] == NULL)
			continue;
		uids[n] = parent.users[id].uid;
		gids[n++] = parent.users[id].gid;
	}
	if (drop_bounding() == -1)
		fatal("dropping the capability bounding set");
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == -1 ||
	    setgroups(1, &gid) == -1 || setresgid(gid, gid, gid) == -1 ||
	    setresuid(uid, uid, uid) == -1)
		fatal("becoming %s", proc_users[PROC_PARENT]);
	if (sandbox_set_caps(CAPS_KEPT) == -1)
		fatal("keeping capabilities");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1)
		fatal("prctl");
	if ((sandbox_deny(nothing) == -1 ||
	    sandbox_deny_ids(uids, gids, n) == -1) &&
	    !parent.conf->global->sandbox_optional)
		fatal("seccomp is refused; in a container allow it or say "
		    "\"sandbox optional\" in %s", parent.conf_file);
}
