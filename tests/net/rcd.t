#!/bin/sh
# SPDX-License-Identifier: ISC
#
# The scripts of rc.d: every daemon is started, asked, stopped and started
# again on its own, while the others serve; they find each other each time.

top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lib.sh
. "$top/tests/lib.sh"

world_enter "$0" "$@"
world_up
client_new c1 02:00:00:00:00:01
in_client c1 ip addr add 10.77.9.1/16 dev eth0
client_new c2 02:00:00:00:00:02

daemons="store dhcpd arpd tftpd ksd"
mkdir -p /etc/default
echo "BOOTWARD_SBIN=$obj" >/etc/default/bootward
head -c 100000 /dev/urandom >/srv/bootward/boot/blob
cp /srv/bootward/boot/blob /srv/bootward/www/blob
cat >/etc/bootward.conf <<'END'
interface "bw0"
subnet 10.77.0.0/16 {
	range 10.77.1.0 - 10.77.1.63
	lease 1h
}
END
chown root:_bootward /etc/bootward.conf
chmod 640 /etc/bootward.conf
cp /etc/bootward.conf "$tmp/good.conf"

rc()			# SCRIPT ACTION
{
	sh "$top/rc.d/$1" "$2"
}

rc_says()		# STATUS SCRIPT ACTION
{
	rc "$2" "$3"
	[ $? -eq "$1" ]
}

# Of each daemon but one: the process that the script names.
processes()		# [EXCEPT]
{
	for p in $daemons; do
		[ "$p" = "${1-}" ] || rc "$p" status
	done
}

dhcp_works()
{
	rm -f "$tmp/lease.c2.bound"
	client_dhcp c2 && [ -s "$tmp/lease.c2.bound" ]
}

tftp_works()
{
	rm -f "$tmp/got"
	in_client c1 timeout 10 tftp -m binary 10.77.0.1 -c get blob \
	    "$tmp/got" && cmp "$tmp/got" /srv/bootward/boot/blob
}

http_works()
{
	rm -f "$tmp/got"
	in_client c1 curl -sf -m 10 -o "$tmp/got" http://10.77.0.1/blob &&
	    cmp "$tmp/got" /srv/bootward/www/blob
}

# What can be had while a daemon is away.
others_work()		# EXCEPT
{
	case $1 in
	store|dhcpd)	tftp_works && http_works ;;
	tftpd)		dhcp_works && http_works ;;
	ksd)		dhcp_works && tftp_works ;;
	*)		dhcp_works && tftp_works && http_works ;;
	esac
}

all_work()
{
	dhcp_works && tftp_works && http_works
}

# The links are made by the parents, a moment after the start.
all_work_soon()
{
	wait_until 15 all_work || all_work
}

# Those of the programs that still run.
left()			# NAME...
{
	for p; do
		pgrep -x "$p"
	done
}

none_left()
{
	[ -z "$(left "$@")" ]
}

# 1. Nothing runs.
for d in $daemons bootward; do
	ok "$d: status is 3 when it does not run" rc_says 3 "$d" status
done
ok "stopping what does not run is no error" rc_says 0 tftpd stop
ok "reloading what does not run is one" rc_says 7 tftpd reload
ok "an unknown action is refused" rc_says 2 tftpd fly
ok "the configuration is tested" rc_says 0 bootward configtest

# 2. One by one, the store last.
for d in ksd tftpd arpd dhcpd store; do
	ok "$d: starts alone" rc_says 0 "$d" start
	ok "$d: status is 0" rc_says 0 "$d" status
	ok "$d: starting it again is no error" rc_says 0 "$d" start
done
ok "all of them run" rc_says 0 bootward status
is "each has a parent of its own" \
    "$(processes | sed 's/.*process//' | sort -u | wc -l)" 5
ok "a lease, a file by TFTP, a file by HTTP" all_work_soon

# 3. Each one away and back.
for d in $daemons; do
	before=$(processes "$d")
	was=$(rc "$d" status)
	ok "$d: restarts" rc_says 0 "$d" restart
	ok "$d: is another process" [ "$was" != "$(rc "$d" status)" ]
	ok "$d: everything works again" all_work_soon
	ok "$d: stops" rc_says 0 "$d" stop
	ok "$d: status is 3" rc_says 3 "$d" status
	ok "$d: not all of them run" rc_says 3 bootward check
	ok "$d: is not needed by the others" others_work "$d"
	ok "$d: starts" rc_says 0 "$d" start
	ok "$d: everything works" all_work_soon
	is "$d: the others never stopped" "$(processes "$d")" "$before"
done

# 4. The configuration: a bad one stops nothing and starts nothing.
before=$(processes)
ok "reload of one" rc_says 0 dhcpd reload
ok "reload of all" rc_says 0 bootward reload
echo "nonsense" >>/etc/bootward.conf
ok "reload with errors" rc_says 6 bootward reload
ok "restart with errors" rc_says 6 tftpd restart
is "all go on as they were" "$(processes)" "$before"
ok "everything works" all_work_soon
ok "stop" rc_says 0 ksd stop
ok "start with errors" rc_says 6 ksd start
ok "it does not run" rc_says 3 ksd status
cat "$tmp/good.conf" >/etc/bootward.conf

# 5. All as one, when some run already, and alone.
ok "the script for all starts the one that is missing" rc_says 0 bootward start
ok "everything works" all_work_soon
is "the others are as they were" "$(processes ksd)" \
    "$(echo "$before" | grep -v '^ksd')"
ok "it stops all" rc_says 0 bootward stop
for d in $daemons; do
	ok "$d: does not run" rc_says 3 "$d" status
done
ok "it starts all" rc_says 0 bootward start
ok "everything works" all_work_soon
is "one parent runs them" \
    "$(processes | sed 's/.*process//' | sort -u | wc -l)" 1
before=$(processes)
ok "tftpd alone cannot be stopped then" rc_says 1 tftpd stop
is "nothing was stopped" "$(processes)" "$before"

# 6. A parent that was killed leaves files, but no lock.
pid=$(cat /run/bootward/tftpd.pid)
ok "the pid file has the parent" \
    [ "$(cat "/proc/$pid/comm")" = bootward ]
# shellcheck disable=SC2086 # a list of names
is "and that runs its children" "$(left $daemons | wc -l)" 5
kill -KILL "$pid"
# shellcheck disable=SC2086 # a list of names
ok "its children end with it" wait_until 5 none_left $daemons
ok "a killed one does not run" rc_says 3 bootward status
ok "a killed one starts" rc_says 0 bootward start
ok "everything works" all_work_soon
ok "stop" rc_says 0 bootward stop
# shellcheck disable=SC2086 # a list of names
is "no process is left" "$(left bootward $daemons)" ""
done_testing
