#!/bin/sh
# SPDX-License-Identifier: ISC
#
# A configuration with 20,000 hosts: every daemon takes it inside its sandbox,
# a reserved address is given, and daemons that die leave nothing behind.

top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lib.sh
. "$top/tests/lib.sh"
world_enter "$0" "$@"
world_up
client_new c1 02:11:00:00:4e:1f

{
	echo 'interface bw0'
	echo 'subnet 10.77.0.0/16 { range 10.77.250.0 - 10.77.250.255 }'
	awk 'BEGIN { for (i = 0; i < 20000; i++) printf "host \"h%d\" " \
	    "{ ethernet 02:11:00:00:%02x:%02x ; address 10.77.%d.%d }\n", \
	    i, i / 256, i % 256, 1 + i / 250, 1 + i % 250 }'
} >"$tmp/conf"
start_bootward <"$tmp/conf"

linked()
{
	ctl show status | awk '/ running / { n += split($6, links, ",") }
	    END { exit n != 18 }'
}

descriptors()
{
	set -- "/proc/$bootward_pid/fd"/*
	echo $#
}

ok "all daemons are linked" wait_until 10 linked
is "the hosts are there" "$(ctl show hosts | grep -c '^h')" 20000
ok "a host gets an address" client_dhcp c1
is "its own" "$(client_lease c1 ip)" 10.77.80.250
before=$(descriptors)
for daemon in ksd tftpd arpd dhcpd store; do
	kill -KILL "$(bootward_pid_of "$daemon")"
	ok "$daemon is back" wait_until 20 bootward_ready
	ok "and linked" wait_until 20 linked
done
is "no descriptor is left behind" "$(descriptors)" "$before"
bootward_pids >"$tmp/pids"
finish 'was ended by signal 9'
