#!/bin/sh
# SPDX-License-Identifier: ISC
#
# "make install" on this machine, the installed daemons in the background, and
# "make uninstall"; a private copy of /usr keeps the machine as it was.

top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lib.sh
. "$top/tests/lib.sh"
world_enter "$0" "$@"
world_overlay /usr
world_up

files_of()		# DIRECTORY...
{
	find "$@" -xdev \( -name '*bootward*' -o -path '*bootward*' \) \
	    ! -type d | sort
}

rm -rf /etc/bootward /etc/bootward.conf /var/lib/bootward
ok "make install" make -C "$top" install
obj=/usr/sbin

is "the configuration is for root and the group" \
    "$(stat -c '%U:%G %a' /etc/bootward.conf)" "root:_bootward 640"
is "the state is the store's" \
    "$(stat -c '%U:%G %a' /var/lib/bootward)" "_bwstore:_bwstore 700"
for user in _bootward _bwstore _dhcpd _arpd _tftpd _ksd _ksgen; do
	ok "user $user" getent passwd "$user"
done
for page in $(find /usr/share/man -name '*bootward*' | sort); do
	ok "${page##*/} can be read" mandoc -Tlint -W warning "$page"
done

cat >/etc/bootward.conf <<'END'
interface bw0
subnet 10.77.0.0/16 { range 10.77.1.0 - 10.77.1.63 }
END
ok "bootward returns once it serves" /usr/sbin/bootward
bootward_pid=$(cat /run/bootward/dhcpd.pid)
ok "five daemons run" bootward_ready
is "from the installed files" \
    "$(readlink "/proc/$(bootward_pid_of ksd)/exe")" \
    /usr/libexec/bootward/ksd
ok "a second one refuses to start" not /usr/sbin/bootward
client_new bwc1 52:54:00:00:00:11
ok "a client gets a lease" client_dhcp bwc1
kill -TERM "$bootward_pid"
ok "it ends" wait_until 10 bootward_gone
is "and leaves no pid file" "$(ls /run/bootward)" ""

echo "# mine" >>/etc/bootward.conf
ok "make install again" make -C "$top" install
ok "keeps the configuration" grep -q '^# mine' /etc/bootward.conf
ok "make uninstall" make -C "$top" uninstall
is "nothing is left in /usr" "$(files_of /usr/sbin /usr/libexec /usr/lib/systemd \
    /usr/lib/sysusers.d /usr/lib/tmpfiles.d /usr/share/man)" ""
ok "but what the administrator changed" test -e /etc/bootward.conf
finish_only
