#!/bin/sh
# SPDX-License-Identifier: ISC
#
# kill -9 of every daemon during traffic: it comes back on the same sockets,
# the others stay, and no lease that was acknowledged is lost.

top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lib.sh
. "$top/tests/lib.sh"

world_enter "$0" "$@"
world_up
client_new c1 02:00:00:00:00:01
client_new storm 02:00:00:00:00:02
in_client c1 ip addr add 10.77.9.1/16 dev eth0

head -c 100000 /dev/urandom >/srv/bootward/boot/blob
cp /srv/bootward/boot/blob /srv/bootward/www/blob

start_bootward <<'END'
interface "bw0"
subnet 10.77.0.0/16 {
	range 10.77.1.0 - 10.77.7.255
	lease 1h
}
END

tftp_works()
{
	rm -f "$tmp/got"
	in_client c1 tftp -m binary 10.77.0.1 -c get blob "$tmp/got" &&
	    cmp "$tmp/got" /srv/bootward/boot/blob
}

http_works()
{
	in_client c1 curl -sf -m 5 -o "$tmp/got" http://10.77.0.1/blob &&
	    cmp "$tmp/got" /srv/bootward/www/blob
}

# The inodes of all sockets on the network.
sockets()
{
	{ ss -H -e -u -a; ss -H -e -t -l; ss -H -e -0; } |
	    sed -n 's/.* ino:\([0-9]*\) .*/\1/p' | sort
}

comes_back()		# NAME OLD-PID
{
	new=$(bootward_pid_of "$1")
	[ -n "$new" ] && [ "$new" != "$2" ] && bootward_ready
}

ok "TFTP works" tftp_works
ok "HTTP works" http_works
sockets >"$tmp/sockets"
ok "there are sockets" [ -s "$tmp/sockets" ]

# 1. Each daemon, while clients come in.
parent=$bootward_pid
for daemon in tftpd ksd arpd dhcpd store; do
	old=$(bootward_pid_of "$daemon")
	others=$(bootward_pids | grep -v "^$daemon ")
	in_client storm "$obj/tests/dhcpstorm" -n 60 -w 8 -r 40 -t 60 \
	    -o "$tmp/acked.$daemon" eth0 2>"$tmp/storm.$daemon" &
	storm=$!
	sleep 0.5
	kill -KILL "$old"
	ok "$daemon comes back" wait_until 10 comes_back "$daemon" "$old"
	wait "$storm"
	is "all clients got addresses meanwhile" $? 0 ||
	    diag "$(cat "$tmp/storm.$daemon")"
	is "the others stayed" "$(bootward_pids | grep -v "^$daemon ")" "$others"
	is "on the same sockets" "$(sockets)" "$(cat "$tmp/sockets")"
	ok "TFTP works" wait_until 5 tftp_works
	ok "HTTP works" wait_until 5 http_works
	ok "DHCP works" client_dhcp c1
done
same_leases()
{
	for file in "$tmp"/acked.*; do
		sort "$file"
	done | sort | uniq -c | awk '$1 != 5 { exit 1 }'
}
ok "each client got the same address every time" same_leases
is "the parent stayed" "$(ps --no-headers -o comm= -p "$parent")" bootward

# 2. The store again and again while 1,000 clients get leases; the parent
# starts it later each time.
in_client storm "$obj/tests/dhcpstorm" -n 1000 -w 64 -r 100 -t 150 \
    -o "$tmp/acked" eth0 2>"$tmp/storm" &
storm=$!
kills=0
while runs "$storm" && [ "$kills" -lt 8 ]; do
	sleep 0.7
	pid=$(bootward_pid_of store)
	if [ -n "$pid" ] && runs "$storm"; then
		kill -KILL "$pid"
		kills=$((kills + 1))
	fi
done
wait "$storm"
is "1,000 clients got addresses, no two the same" $? 0
diag "$(cat "$tmp/storm"), store killed $kills times"
ok "the store was killed at least 5 times" [ "$kills" -ge 5 ]
ok "all is well again" wait_until 60 bootward_ready

# MAC ADDRESS of each lease, sorted.
leases()
{
	ctl -j show leases |
	    sed -n 's/.*"address":"\([^"]*\)".*"mac":"\([^"]*\)".*/\2 \1/p' | sort
}

no_lease_lost()		# HOW-MANY
{
	leases >"$tmp/leases"
	sort "$tmp/acked" "$tmp/acked2" | comm -23 - "$tmp/leases" >"$tmp/lost"
	[ "$(sort -u "$tmp/acked" "$tmp/acked2" | wc -l)" -eq "$1" ] &&
	    ! [ -s "$tmp/lost" ]
}

: >"$tmp/acked2"
ok "every acknowledged lease is there" no_lease_lost 1000 ||
    diag "$(wc -l <"$tmp/lost") are not"

# 3. dhcpd and the store together: offers are forgotten, leases are not.
in_client storm "$obj/tests/dhcpstorm" -f 1000 -n 300 -w 64 -r 100 -t 60 \
    -o "$tmp/acked2" eth0 2>"$tmp/storm" &
storm=$!
for kills in 1 2 3; do
	sleep 0.7
	for pid in $(bootward_pid_of dhcpd) $(bootward_pid_of store); do
		kill -KILL "$pid"
	done
done
wait "$storm"
is "300 more got addresses while both were killed $kills times" $? 0
diag "$(cat "$tmp/storm")"
ok "all is well again" wait_until 60 bootward_ready
ok "every acknowledged lease is there" no_lease_lost 1300 ||
    diag "$(wc -l <"$tmp/lost") are not"
is "no address is there twice" \
    "$(cut -d ' ' -f 2 "$tmp/leases" | sort | uniq -d)" ""

# 4. What the disk has: a new bootward knows them all, too.
stop_bootward
is "SIGTERM: a clean exit" $? 0
cp /etc/bootward.conf "$tmp/conf"
start_bootward <"$tmp/conf"
ok "every acknowledged lease is there after a new start" \
    no_lease_lost 1300
finish 'was ended by signal 9'
