#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Another DHCP server on the segment: it is noticed, by what it says and by the
# client that takes its address, and told once; one that is welcome is not.

top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lib.sh
. "$top/tests/lib.sh"
world_enter "$0" "$@"
world_up
client_new c1 02:00:00:00:00:01
client_new rogue 02:00:00:00:00:66
in_client rogue ip addr add 10.77.0.66/16 dev eth0

figure()		# NAME
{
	ctl -j show status | tr ',{}' '\n' | sed -n "s/.*\"$1\": *//p"
}

is_figure()		# NAME VALUE
{
	[ "$(figure "$1")" = "$2" ]
}

told()			# TEXT
{
	grep -c "another DHCP server on bw0: $1" "$log"
}

# An OFFER to everybody, as another server would send it.
says()			# SERVER TYPE
{
	in_client rogue "$obj/tests/dhcpplay" eth0 02:00:00:00:00:66 "$2" op=2 \
	    src="$1" sport=67 dport=68 54="$1" yiaddr=10.77.9.9 wait=1
	return 0
}

start_bootward <<'END'
interface bw0
other server 10.77.0.77
subnet 10.77.0.0/16 { range 10.77.1.0 - 10.77.1.255 }
END

ok "a client has a lease" client_dhcp c1
ok "ours is no rogue" is_figure rogue-servers 0
says 10.77.0.77 offer
says 10.77.0.77 ack
sleep 2
ok "nor one that is welcome" is_figure rogue-servers 0

in_client rogue dnsmasq -k -p 0 -i eth0 -C /dev/null --bind-interfaces \
    --dhcp-range=10.77.5.1,10.77.5.99,5m --no-ping --dhcp-broadcast \
    --dhcp-authoritative -l "$tmp/dnsmasq.leases" -x "$tmp/dnsmasq.pid" \
    >"$tmp/dnsmasq.log" 2>&1 &
dnsmasq=$!
kill -STOP "$(bootward_pid_of dhcpd)"
client_new c2 02:00:00:00:00:02
ok "a client gets an address from another server" \
    wait_until 20 client_dhcp c2 -B
is "an address of that server" "$(client_lease c2 serverid)" 10.77.0.66
kill -CONT "$(bootward_pid_of dhcpd)"
ok "it is counted" wait_until 10 is_figure rogue-servers 1
is "and told once" "$(told '10.77.0.66 (02:00:00:00:00:66)')" 1
n=$(figure rogue-offers)
ok "with all it said" [ "$n" -ge 2 ]
in_client c2 "$obj/tests/dhcpplay" eth0 02:00:00:00:00:03 request \
    54=10.77.0.99 50=10.77.7.7 wait=1 >"$tmp/answer"
ok "a client that chose an unknown one is noticed, too" \
    wait_until 10 is_figure rogue-servers 2
is "and told" "$(told '10.77.0.99 (chosen by 02:00:00:00:00:03)')" 1
kill -TERM "$dnsmasq"
wait "$dnsmasq"

i=1
while [ $i -le 60 ]; do
	says "10.77.8.$i" offer
	i=$((i + 1))
done
ok "many are not all kept" wait_until 10 is_figure rogue-servers 32
ok "nor all told" [ "$(told '')" -le 6 ]
finish 'another DHCP server'
