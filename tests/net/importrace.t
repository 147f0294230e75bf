#!/bin/sh
# SPDX-License-Identifier: ISC
#
# An import while dhcpd gives out addresses of the same range: each address has
# one client, no lease that was acknowledged or imported is lost.

top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lib.sh
. "$top/tests/lib.sh"

world_enter "$0" "$@"
world_up
client_new storm 52:54:00:00:00:01

start_bootward <<'END'
interface "bw0"
subnet 10.77.0.0/16 { range 10.77.16.0 - 10.77.95.255; probe off }
END

awk -v end=$(($(date +%s) + 5000)) 'BEGIN {
	for (i = 0; i < 8000; i++)
		printf "%d 06:00:00:00:%02x:%02x 10.77.%d.%d host%d *\n", end,
		    int(i / 256), i % 256, 16 + int(i / 256), i % 256, i
}' </dev/null >"$tmp/leases"

in_client storm "$obj/tests/dhcpstorm" -n 9000 -w 64 -t 60 -o "$tmp/acked" \
    eth0 >"$tmp/storm" 2>&1 &
storm=$!
some()
{
	[ "$(wc -l <"$tmp/acked")" -gt 50 ]
}
wait_until 20 some
ok "import in the middle of it" ctl_says 0 'imported [0-9]*, expired 0' \
    import leases dnsmasq "$tmp/leases"
imported=$(sed -n 's/.*imported \([0-9]*\),.*/\1/p' "$tmp/said")
wait "$storm"
is "all clients have addresses, no two the same" "$?" 0
diag "$(cat "$tmp/storm")"

ctl show leases | awk '/^10\./ { print $2, $1 }' | sort >"$tmp/known"
sort -u "$tmp/acked" >"$tmp/acked.sorted"
is "no acknowledged lease is lost" \
    "$(comm -13 "$tmp/known" "$tmp/acked.sorted" | wc -l)" 0
is "no imported lease is lost" "$(grep -c '^06:' "$tmp/known")" "$imported"

finish 'could not keep [0-9]* leases: Address already in use'
