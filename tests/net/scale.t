#!/bin/sh
# SPDX-License-Identifier: ISC
#
# A store with 300,000 leases (or LEASES), more than a link may queue: dhcpd
# learns all of them before it answers anybody, from a new store and again from
# one that was killed, and takes little for each.

top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lib.sh
. "$top/tests/lib.sh"
world_enter "$0" "$@"
world_up
client_new c1 02:00:00:00:00:01
leases=${LEASES:-300000}

cat >"$tmp/conf" <<'END'
interface bw0
subnet 10.77.0.0/16 { range 10.77.1.0 - 10.77.1.255 }
subnet 10.96.0.0/11 { range 10.96.0.1 - 10.127.0.0 }
END

knows()			# NUMBER
{
	ctl -j show status | tr ',{}' '\n' | grep -q -x "\"leases\": *$1"
}

is_new()		# NAME OLD-PID
{
	pid=$(bootward_pid_of "$1")
	[ -n "$pid" ] && [ "$pid" != "$2" ]
}

rss_below()		# NAME KIB
{
	rss=$(ps --no-headers -o rss= -p "$(bootward_pid_of "$1")")
	echo "$1: $rss KiB"
	[ "$rss" -lt "$2" ]
}

# With client id, and what a relay agent said of it.
lease_octets()
{
	rss=$(ps --no-headers -o rss= -p "$(bootward_pid_of dhcpd)")
	echo $(((rss - base) * 1024 / leases))
}

# The first store makes the tables; one lease shows what a row looks like.
start_bootward <"$tmp/conf"
ok "a client has a lease" client_dhcp c1
ok "dhcpd counts it" wait_until 5 knows 1
base=$(ps --no-headers -o rss= -p "$(bootward_pid_of dhcpd)")
stop_bootward
sqlite3 /var/lib/bootward/bootward.db >"$tmp/sqlite" <<END
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n
    WHERE i < $leases - 1)
INSERT INTO leases (addr, state, mac, client_id, host, hostname, start_us,
    expire_us, relay)
SELECT 10 * 16777216 + 96 * 65536 + i, 1, CAST(substr(printf('%07d', i), -6)
    AS BLOB), CAST(printf('%c%06d', 1, i % 1000000) AS BLOB), '',
    printf('host-%07d', i), (SELECT max(start_us) FROM leases),
    (SELECT max(expire_us) FROM leases),
    CAST(printf('%c%cport%07d%c%csw', 1, 11, i, 2, 2) AS BLOB) FROM n;
END
is "the rows are made" "$(cat "$tmp/sqlite")" ""
chown -R _bwstore:_bwstore /var/lib/bootward

start_bootward <"$tmp/conf"
begin=$(date +%s)
ok "dhcpd learns $leases leases" wait_until 60 knows "$leases"
diag "after $(($(date +%s) - begin)) s; $(lease_octets) octets a lease"
ok "with less than 200 octets for each" [ "$(lease_octets)" -lt 200 ]
ok "the client has its own again" client_dhcp c1
is "it is the same" "$(client_lease c1 ip)" 10.77.1.0
kill -KILL "$(bootward_pid_of store)"
ok "the store is back" wait_until 60 bootward_ready
ok "a client is served" wait_until 60 client_dhcp c1
ok "no lease is missing" wait_until 10 knows "$leases"

# A new dhcpd that does not read for a while: the store waits for it.
old=$(bootward_pid_of dhcpd)
kill -KILL "$old"
ok "dhcpd is started again" wait_until 20 is_new dhcpd "$old"
ok "and stopped at once" kill -STOP "$pid"
sleep 3
ok "the store keeps little for it meanwhile" rss_below store 60000
kill -CONT "$pid"
ok "dhcpd learns all the same" wait_until 60 knows "$leases"
ok "a client is served" wait_until 60 client_dhcp c1
ok "all is well again" wait_until 60 bootward_ready
bootward_pids >"$tmp/pids"
finish '(store|dhcpd) was ended by signal 9'
