#!/bin/sh
# SPDX-License-Identifier: ISC
#
# What happens to interfaces: they go down and up, lose their address, are
# renamed, are destroyed and made again, while clients ask; and more happens
# than netlink can tell.  Service is back by itself, and in between nobody is
# answered from an address that is not there.

top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/fault/fault.sh
. "$top/tests/fault/fault.sh"

world_enter "$0" "$@"
fault_up
trials_begin 3 "interfaces made anew"

# A pair of its own, so that all of it can be destroyed.
srv_make()
{
	ip link add srv0 type veth peer name eth0 address 02:00:00:00:00:0a \
	    netns far
	ip addr add 10.78.0.1/16 dev srv0
	ip link set srv0 up
	ip -n far link set eth0 up
}

ip netns add far
ip -n far link set lo up
srv_make

cat >>"$tmp/conf" <<'END'
interface "srv0"
subnet 10.78.0.0/16 { range 10.78.1.0 - 10.78.254.255; probe off; lease 1h }
END

asked=0
answered()
{
	asked=$((asked + 1))
	in_client far "$obj/tests/dhcpplay" eth0 \
	    "02:00:00:01:$(printf '%02x:%02x' $((asked / 256)) \
	    $((asked % 256)))" discover wait=100
}

gone()
{
	! answered
}

start_bootward <"$tmp/conf"
storm_begin 100 -w 32
ok "clients get leases" storm_end
ok "on both interfaces" answered

ip link set srv0 down
ok "down: no answer" gone
ip link set srv0 up
ok "up: served again" wait_until 5 answered

ip -n far link set eth0 down
sleep 0.2
ip -n far link set eth0 up
ok "the carrier was gone: served again" wait_until 5 answered

ip addr del 10.78.0.1/16 dev srv0
sleep 0.5
ok "no address: no answer" gone
ip addr add 10.78.0.1/16 dev srv0
ok "the address is back: served again" wait_until 5 answered

ip link set srv0 mtu 1400
ok "another MTU: served" wait_until 5 answered
ip link set srv0 mtu 1500

ip link set srv0 down
ip link set srv0 name other0
ip link set other0 up
sleep 0.5
ok "renamed: not served, it is not in the configuration" gone
ip link set other0 down
ip link set other0 name srv0
ip link set srv0 up
ok "renamed back: served again" wait_until 5 answered

trials_done=0
while trials_left; do
	storm_begin 400 -w 16 -r 400
	doze 200
	ip link del srv0
	doze 200
	srv_make
	trial "served again" wait_until 5 answered
	trial "others notice nothing" storm_end
	trial "after an interface was destroyed and made" promises
	trials_done=$((trials_done + 1))
done
trials_end "interfaces made anew"

# The parent hears nothing for a while, and netlink drops what it cannot keep.
kill -STOP "$bootward_pid"
n=0
while [ $((n += 1)) -le 3000 ]; do
	printf 'addr add 10.79.%d.%d/32 dev srv0\n' $((n / 250)) $((n % 250))
	printf 'addr del 10.79.%d.%d/32 dev srv0\n' $((n / 250)) $((n % 250))
done | ip -batch -
ip addr del 10.78.0.1/16 dev srv0
ip addr add 10.78.0.9/16 dev srv0
ok "served from queued knowledge or not at all, but alive" \
    bootward_alive
kill -CONT "$bootward_pid"
served_by()		# ADDRESS
{
	answered >"$tmp/answer" && grep -q "$1" "$tmp/answer"
}
ok "6,000 changes of addresses: served by the new one" \
    wait_until 10 served_by 10.78.0.9
ok "no lease lost, no address given twice" promises
diag "$(grep -c . "$log") lines in the log"
ok "the log is short" [ "$(grep -c . "$log")" -lt 200 ]
finish 'srv0' 'other0' 'netlink' 'not sent' 'no address'
