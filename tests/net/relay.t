#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Behind relay agents: real clients behind a real one (dhcrelay), then one made
# of raw frames that says what real ones seldom do; and leasequery.

top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lib.sh
. "$top/tests/lib.sh"

world_enter "$0" "$@"
world_up

# The relay agent's machine: a port to us, a floor with clients, and a room
# with one socket.
set -e
client_new relay 02:00:00:00:01:00
in_client relay ip addr add 10.77.0.2/16 dev eth0
in_client relay sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
ip -n relay link add floor type bridge forward_delay 0 stp_state 0
ip -n relay link set floor address 02:00:00:00:01:01 up
ip -n relay addr add 10.99.0.1/24 dev floor
behind()		# CLIENT MAC PORT
{
	ip netns add "$1"
	ip -n relay link add "$3" type veth peer name eth0 address "$2" \
	    netns "$1"
	ip -n relay link set "$3" up
	ip -n "$1" link set lo up
	ip -n "$1" link set eth0 up
}
for n in 1 2 3; do
	behind c$n 02:00:00:00:00:0$n port$n
	ip -n relay link set port$n master floor
done
behind p7 02:00:00:00:00:07 room
ip -n relay addr add 10.94.0.1/24 dev room
for net in 10.99.0.0/24 10.94.0.0/24; do
	ip route add "$net" via 10.77.0.2
done
# Another one, of raw frames.
client_new raw 02:00:00:00:02:00
in_client raw ip addr add 10.77.0.3/16 dev eth0
in_client raw ip addr add 10.98.0.1/24 dev eth0
in_client raw ip addr add 192.0.2.5/32 dev eth0
for net in 10.98.0.0/24 192.0.2.0/24; do
	ip route add "$net" via 10.77.0.3
done
set +e

start_bootward <<'END'
interface "bw0"
leasequery 192.0.2.5
subnet 10.77.0.0/16 {
	range 10.77.1.0 - 10.77.1.63
}
subnet 10.99.0.0/24 {
	range 10.99.0.100 - 10.99.0.119
	router 10.99.0.1
	domain "floor.example"
	relay 10.99.0.1
	lease 16s
}
subnet 10.94.0.0/24 {
	range 10.94.0.100 - 10.94.0.119
	router 10.94.0.1
	relay 10.94.0.1
}
subnet 10.98.0.0/24 {
	range 10.98.0.10 - 10.98.0.19
	relay 10.98.0.1
}
shared network "hall" {
	subnet 10.96.0.0/24 {
		range 10.96.0.10 - 10.96.0.10
		relay 10.96.0.1
	}
	subnet 10.95.0.0/24 {
		range 10.95.0.10 - 10.95.0.19
	}
}
host "desk7" {
	circuit-id "room"
	address 10.94.0.50
}
END

# 1. dhcrelay, with option 82.
relay_pid=
relay_start()		# FLAGS...
{
	in_client relay dhcrelay -4 -d -a "$@" >>"$tmp/relay" 2>&1 &
	relay_pid=$!
	wait_until 5 grep -q '^Sending on   Socket' "$tmp/relay"
}
relay_stop()
{
	kill "$relay_pid"
	wait "$relay_pid" 2>/dev/null
	rm -f "$tmp/relay"
}
down="-id floor -id room -iu eth0 10.77.0.1"
# shellcheck disable=SC2086	# words
ok "dhcrelay starts" relay_start $down

lease_has()		# ADDRESS PATTERN
{
	ctl -j show leases | tr '{' '\n' | grep "\"$1\"" | grep -q "$2"
}

# How far a lease reaches, to see that it was extended.
cat >"$tmp/hook" <<'END'
#!/bin/sh
case $1 in
deconfig)
	ip addr flush dev "$interface"
	ip link set "$interface" up
	;;
bound|renew)
	ip addr replace "$ip/$mask" dev "$interface"
	ip route replace default via "$router"
	;;
esac
env >"$BW_LEASE.$1"
END
chmod +x "$tmp/hook"
udhcpc_start()		# CLIENT
{
	rm -f "$tmp/u.$1".*
	BW_LEASE=$tmp/u.$1 in_client "$1" udhcpc -f -R -t 8 -T 1 -i eth0 \
	    -p "$tmp/u.$1.pid" -s "$tmp/hook" >"$tmp/u.$1.log" 2>&1 &
	wait_until 15 test -s "$tmp/u.$1.bound"
}
udhcpc_said()		# CLIENT EVENT VARIABLE
{
	sed -n "s/^$3=//p" "$tmp/u.$1.$2"
}
udhcpc_renew()		# CLIENT
{
	rm -f "$tmp/u.$1.renew"
	kill -USR1 "$(cat "$tmp/u.$1.pid")"
	wait_until 5 test -s "$tmp/u.$1.renew"
}
udhcpc_stop()		# CLIENT
{
	udhcpc_pid=$(cat "$tmp/u.$1.pid")
	kill -TERM "$udhcpc_pid"
	wait_until 5 not runs "$udhcpc_pid"
}

ok "udhcpc behind it" udhcpc_start c1
u_ip=$(udhcpc_said c1 bound ip)
ok "gets an address of its floor" expr "$u_ip" : '10\.99\.0\.1[01][0-9]$'
is "and its options" "$(udhcpc_said c1 bound domain)" floor.example
ok "udhcpc at a port with a host" udhcpc_start p7
is "gets the host's address" "$(udhcpc_said p7 bound ip)" 10.94.0.50

cat >"$tmp/dhclient.conf" <<'END'
timeout 15;
retry 2;
END
cat >"$tmp/dhclient.sh" <<'END'
#!/bin/sh
case $reason in
BOUND|RENEW|REBIND|REBOOT)
	ip addr replace "$new_ip_address/24" dev "$interface"
	ip route replace default via "$new_routers"
	;;
esac
echo "$reason $new_ip_address" >>/run/test/dhclient.said
END
chmod +x "$tmp/dhclient.sh"
dhclient_run()		# FLAGS...
{
	in_client c2 dhclient -1 -v -cf "$tmp/dhclient.conf" -sf \
	    "$tmp/dhclient.sh" -lf "$tmp/dhclient.leases" -pf \
	    "$tmp/dhclient.pid" "$@" eth0 >>"$tmp/dhclient" 2>&1
}
said()			# PATTERN
{
	grep -q "$1" "$tmp/dhclient.said"
}
ok "dhclient behind it" dhclient_run
d_ip=$(sed -n 's/^BOUND //p' "$tmp/dhclient.said")
ok "gets an address" expr "$d_ip" : '10\.99\.0\.1[01][0-9]$'

cat >"$tmp/dhcpcd.conf" <<'END'
ipv4only
noipv4ll
noarp
option routers, subnet_mask
clientid
script /run/test/dhcpcd.sh
END
cat >"$tmp/dhcpcd.sh" <<'END'
#!/bin/sh
echo "$reason $new_ip_address" >>/run/test/dhcpcd.said
END
chmod +x "$tmp/dhcpcd.sh"
dhcpcd_run()		# FLAGS...
{
	in_client c3 dhcpcd -f "$tmp/dhcpcd.conf" "$@" eth0 \
	    >>"$tmp/dhcpcd" 2>&1
}
dhcpcd_run -d -B &
ok "dhcpcd behind it" wait_until 20 grep -qs '^BOUND' "$tmp/dhcpcd.said"
c_ip=$(sed -n 's/^BOUND //p' "$tmp/dhcpcd.said")
ok "gets an address" expr "$c_ip" : '10\.99\.0\.1[01][0-9]$'
is "three clients, three addresses" \
    "$(printf '%s\n' "$u_ip" "$d_ip" "$c_ip" | sort -u | grep -c .)" 3

# Renewing goes straight to the server, without the relay agent and without
# option 82, and is answered to the client.
relay_stop
ok "udhcpc renews by unicast" udhcpc_renew c1
is "the same address" "$(udhcpc_said c1 renew ip)" "$u_ip"
ok "so does the host at its port" udhcpc_renew p7
is "which is known by it still" "$(udhcpc_said p7 renew ip)" 10.94.0.50
ok "in its lease, too" lease_has 10.94.0.50 desk7
ok "dhcpcd renews by unicast" dhcpcd_run -N
ok "and is told so" wait_until 5 grep -q "^RENEW $c_ip" "$tmp/dhcpcd.said"
ok "dhclient renews by unicast" wait_until 20 said "^RENEW $d_ip"
udhcpc_stop c1
ok "udhcpc releases by unicast" wait_until 3 not lease_has "$u_ip" bound
ok "dhclient releases by unicast" dhclient_run -r
ok "and it is free" wait_until 3 not lease_has "$d_ip" bound
ok "dhcpcd releases by unicast" dhcpcd_run -k
ok "and it is free" wait_until 5 not lease_has "$c_ip" bound

# RFC 3527: giaddr is where the relay agent wants its answers.
ok "dhcrelay with link selection" relay_start -U eth0 -id floor 10.77.0.1
ok "udhcpc behind it" udhcpc_start c1
is "comes back to its address" "$(udhcpc_said c1 bound ip)" "$u_ip"
udhcpc_stop c1
relay_stop
udhcpc_stop p7

# 2. A relay agent that says anything.
bridge=$(ip -o link show bw0 | sed 's/.*ether \([^ ]*\).*/\1/')
a=02:bb:00:00:00:0a
b=02:bb:00:00:00:0b
play()			# MAC TYPE NAME=VALUE...
{
	in_client raw "$obj/tests/dhcpplay" eth0 "$@" dst=10.77.0.1 \
	    l2dst="$bridge" >"$tmp/answer"
}
relayed()		# MAC TYPE NAME=VALUE...
{
	play "$@" giaddr=10.98.0.1 src=10.98.0.1 sport=67 hops=1
}
silence()		# NAME MAC TYPE NAME=VALUE...
{
	silence_name=$1
	shift
	play "$@" hops=1 wait=300
	is "silence: $silence_name" "$? $(cat "$tmp/answer")" "1 "
}
relayed $a discover 82=0104aabbccdd0202eeff
answer_is "a relayed DISCOVER" offer giaddr=10.98.0.1 dst=10.98.0.1 dport=67 \
    src=10.77.0.1 54=0a4d0001 1=ffffff00 82=0104aabbccdd0202eeff
is "option 82 is the last one" "$(sed 's/.* //' "$tmp/answer")" \
    82=0104aabbccdd0202eeff
addr=$(field yiaddr)
ok "an address of that subnet" expr "$addr" : '10\.98\.0\.1[0-9]$'
relayed $a discover 82=0109aa
answer_is "a broken option 82 comes back as it was" offer "yiaddr=$addr" \
    82=0109aa
relayed $a discover
answer_is "none, and none comes back" offer "yiaddr=$addr" 82=
long=01fd$(printf '%0506d' 7)
relayed $a discover "82=$long"
answer_is "the longest one" offer "yiaddr=$addr" "82=$long"
relayed $a request "50=$addr" 54=10.77.0.1 82=0104aabbccdd
answer_is "a relayed REQUEST" ack "yiaddr=$addr" dst=10.98.0.1 dport=67 \
    82=0104aabbccdd
relayed $a request 50=192.168.7.7 82=0104aabbccdd
answer_is "a relayed NAK is to be broadcast" nak flags=8000 dst=10.98.0.1 \
    82=0104aabbccdd

# Straight from behind it: what a client unicasts has no giaddr.
from="src=$addr ciaddr=$addr"
# shellcheck disable=SC2086	# words
{
play $a request $from
answer_is "RENEWING goes back to the client" ack "yiaddr=$addr" "dst=$addr" \
    dport=68 giaddr=0.0.0.0 82=
play $a request $from 82=0104aabbccdd
answer_is "with an option 82 that nobody relayed" ack "dst=$addr" 82=
play $b inform src=10.98.0.77 ciaddr=10.98.0.77
answer_is "INFORM" ack dst=10.98.0.77 yiaddr=0.0.0.0 51= 1=ffffff00
silence "from a subnet that nobody relays" $b inform src=10.97.0.77 \
    ciaddr=10.97.0.77
}

# RFC 3527 and RFC 3011: the subnet is another than giaddr's.
in_client raw ip addr add 10.96.0.1/24 dev eth0
relayed $b discover 82=05040a600000
answer_is "link selection" offer yiaddr=10.96.0.10 dst=10.98.0.1 118=
relayed $b request 50=10.96.0.10 54=10.77.0.1 82=05040a600000
answer_is "and its ACK" ack yiaddr=10.96.0.10 dst=10.98.0.1
relayed 02:bb:00:00:00:0c discover 82=05040a600000
ok "the shared network's other subnet" expr "$(field yiaddr)" : '10\.95\.0\.'
relayed 02:bb:00:00:00:0c discover 118=10.96.0.0
ok "subnet selection by the client" expr "$(field yiaddr)" : '10\.95\.0\.'
is "comes back (RFC 3011)" "$(field 118)" 0a600000
relayed 02:bb:00:00:00:0d discover 118=10.96.0.0 82=05040a620000
ok "link selection goes before it" expr "$(field yiaddr)" : '10\.98\.0\.'
raw="giaddr=10.98.0.1 src=10.98.0.1 sport=67"
# shellcheck disable=SC2086	# words
{
silence "a link that is none of ours" $b discover $raw 82=05040b000000
silence "a link without relay agents" $b discover $raw 82=05040a4d0000
silence "a giaddr that nobody knows" $b discover giaddr=10.77.0.3 \
    src=10.77.0.3 sport=67
}

# RFC 5107: the client takes the relay agent for the server.
relayed $a discover 82=0b040a620001
answer_is "server identifier override" offer 54=0a620001 src=10.77.0.1 \
    82=0b040a620001
relayed $a request "50=$addr" 54=10.98.0.1 82=0b040a620001
answer_is "and a REQUEST that names it" ack "yiaddr=$addr" 54=0a620001
relayed $a request "ciaddr=$addr" 82=0b040a6200010a0180
answer_is "RENEWING by way of the relay agent (RFC 5010)" ack "yiaddr=$addr" \
    dst=10.98.0.1 54=0a620001
# shellcheck disable=SC2086
silence "named, but not by the relay agent" $a request "50=$addr" \
    54=10.98.0.1 $raw

# RFC 8357: its own source port.
play $a discover giaddr=10.98.0.1 src=10.98.0.1 sport=1067 hops=1 \
    82=0101aa1300
answer_is "the relay agent's port" offer dst=10.98.0.1 dport=1067 \
    82=0101aa1300
play $a discover giaddr=10.98.0.1 src=10.98.0.1 sport=1067 hops=1 82=0101aa
answer_is "not asked for: 67" offer dst=10.98.0.1 dport=67

# What can be no relay agent.
bad=$(counter bad-relay)
for giaddr in 10.77.0.1 255.255.255.255 224.0.0.1 240.0.0.1 127.0.0.1 \
    10.98.0.255 10.77.255.255 0.0.0.5; do
	silence "giaddr $giaddr" $b discover giaddr=$giaddr src=10.98.0.1 \
	    sport=67 82=05040a620000
done
is "they are counted" "$(($(counter bad-relay) - bad))" 8
relayed $a discover 82=0101aa
answer_is "and a real one is served" offer "yiaddr=$addr"

# Nobody relayed it: option 82 is not taken for an agent's word.
in_client raw "$obj/tests/dhcpplay" eth0 $b discover 82=05040a620000 \
    >"$tmp/answer"
answer_is "option 82 without giaddr" offer 82= 1=ffff0000

# 3. Leasequery, RFC 4388.
query()			# NAME=VALUE...
{
	play 00:00:00:00:00:00 leasequery l2src=02:00:00:00:02:00 \
	    giaddr=192.0.2.5 src=192.0.2.5 sport=67 "$@"
}
about()			# NAME=VALUE...: who is asked about is in the others
{
	query htype=0 hlen=0 "$@"
}
c=02:bb:00:00:00:0e
relayed $c discover 61=01c0ffee 82=0104aabbccdd
addr=$(field yiaddr)
relayed $c request "50=$addr" 54=10.77.0.1 61=01c0ffee 82=0104aabbccdd 12=,pc7
about "ciaddr=$addr"
answer_is "by address: active" leaseactive "ciaddr=$addr" yiaddr=0.0.0.0 \
    giaddr=192.0.2.5 dst=192.0.2.5 dport=67 54=0a4d0001 82=0104aabbccdd
ok "the time that is left" expr "$((0x$(field 51)))" : '3[56][0-9][0-9]$'
ok "the time since" expr "$((0x$(field 91)))" : '[0-9]$'
before=$(ctl -j show leases)
about "ciaddr=$addr" 55=010c
answer_is "with what is asked for" leaseactive 1=ffffff00 12=706337
for n in 10 11 12 13 14 15 16 17 18 19; do
	ctl -j show leases | grep -q "\"10.98.0.$n\"" || free=10.98.0.$n
done
about "ciaddr=$free"
answer_is "a free one" leaseunassigned "ciaddr=$free" 51= 82=
about ciaddr=10.97.0.19
answer_is "one of nobody" leaseunknown ciaddr=10.97.0.19
query chaddr=02bb0000000e
answer_is "by hardware address" leaseactive "ciaddr=$addr"
query chaddr=02bb000000fe
answer_is "an unknown one" leaseunknown ciaddr=0.0.0.0
about 61=01c0ffee
answer_is "by client id" leaseactive "ciaddr=$addr" 61=01c0ffee
about 61=01c0ffef
answer_is "an unknown one" leaseunknown 61=01c0ffef
silence "two questions" 00:00:00:00:00:00 leasequery giaddr=192.0.2.5 \
    src=192.0.2.5 sport=67 htype=0 hlen=0 "ciaddr=$addr" 61=01c0ffee
silence "somebody who may not ask" 00:00:00:00:00:00 leasequery \
    giaddr=10.98.0.1 src=10.98.0.1 sport=67 htype=0 hlen=0 "ciaddr=$addr"
silence "nor in another's name" 00:00:00:00:00:00 leasequery \
    giaddr=192.0.2.5 src=10.98.0.1 sport=67 htype=0 hlen=0 "ciaddr=$addr"
is "no question changes a lease" \
    "$(ctl -j show leases | sed 's/"left":[0-9]*//g')" \
    "$(echo "$before" | sed 's/"left":[0-9]*//g')"
ok "they are counted" [ "$(counter leasequery)" -ge 8 ]

# Who keeps its address when its lease is over is found there.
finish 'another DHCP server' '10\.99\..* is used by a machine behind a relay'
