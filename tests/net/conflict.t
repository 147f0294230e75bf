#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Addresses that are claimed by whom they are not, or that move: what is told
# of it, how often, and that arpd itself never says anything but what is true.

top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lib.sh
. "$top/tests/lib.sh"

world_enter "$0" "$@"
world_up
client_new c1 02:00:00:00:00:01
client_new c2 02:00:00:00:00:02
client_new other 02:00:00:00:00:66
client_new watcher 02:00:00:00:00:09
ip link add bw1 type bridge forward_delay 0 stp_state 0
ip addr add 10.88.0.1/24 dev bw1
ip link set bw1 up

a=02:00:00:00:0a:01
b=02:00:00:00:0b:02
bridge=$(ip -o link show bw0 | sed 's/.*ether \([^ ]*\).*/\1/')

claim()			# ADDRESS MAC [COUNT]
{
	in_client other "$obj/tests/arpplay" eth0 claim "$1" "$2" "${3-1}"
}

turns()			# ADDRESS TIMES
{
	turn=0
	while [ "$turn" -lt "$2" ]; do
		claim "$1" "$a"
		claim "$1" "$b"
		turn=$((turn + 1))
	done
}

flood()			# KIND ADDRESS
{
	in_client other "$obj/tests/arpflood" -a "$2" -n 1 -r 20 -t 1 \
	    eth0 "$1"
}

# A column of "show arp".
shown()			# ADDRESS COLUMN
{
	ctl show arp | awk -v addr="$1" -v n="$2" '$1 == addr { print $n }'
}

shown_is()		# ADDRESS COLUMN WANT
{
	[ "$(shown "$1" "$2")" = "$3" ]
}

figure()		# NAME
{
	ctl show status | sed -n '/^arpd/,/^tftpd/p' | tr ',' '\n' |
	    sed -n "s/^ *$1 //p"
}

figure_is()		# NAME WANT
{
	[ "$(figure "$1")" = "$2" ]
}

# All that was claimed before has been seen.
settled()
{
	settle=$((${settle-0} + 1))
	claim "10.77.8.$settle" 02:00:00:00:00:66
	wait_until 5 shown_is "10.77.8.$settle" 2 02:00:00:00:00:66
}

said()			# TEXT
{
	grep -c "$1" "$log"
}

in_client watcher "$obj/tests/arpplay" eth0 listen 300000 >"$tmp/arp" &
listener=$!
wait_until 5 grep -q listening "$tmp/arp"
start_bootward <<'END'
interface "bw0"
interface "bw1"
subnet 10.77.0.0/16 {
	range 10.77.1.0 - 10.77.1.15
	router 10.77.0.254
	dns 10.77.0.253 10.77.0.252
	lease 1h
}
subnet 10.88.0.0/24 { range 10.88.0.10 - 10.88.0.20; next-server 10.77.0.251 }
host "web1" { client-id "card of web1" }
host "web2" { ethernet 02:00:00:00:00:02 02:00:00:00:00:12; address 10.77.2.2 }
END
ctl monitor >"$tmp/events" 2>&1 &
monitor=$!

told()			# STEP TEXT
{
	grep -c " $1 .*$2" "$tmp/events"
}

# 1. Two machines with one static address.
claim 10.77.9.9 "$a" 3
claim 10.77.9.9 "$b" 3
ok "one machine after another" settled
is "is no news" "$(said 10.77.9.9)" 0
is "but counted" "$(shown 10.77.9.9 4)" 1
turns 10.77.9.9 50
ok "two that claim it again and again" settled
ok "are named in an event" wait_until 5 grep -Eq \
    " conflict .*10.77.9.9 is claimed in turns by ($a and $b|$b and $a)" \
    "$tmp/events"
is "once" "$(told conflict '10.77.9.9 is claimed in turns')" 1
is "and in the log, once" "$(said 'bw0: 10.77.9.9 is claimed in turns')" 1
is "the figures have all" "$(shown 10.77.9.9 4) $(figure claimed-by-turns)" \
    "101 1"

# 2. What the configuration names does not move.
claim 10.77.0.254 "$a" 3
claim 10.77.0.253 "$a" 3
claim 10.77.0.251 "$a" 3
ok "a router is heard" settled
is "nothing to tell" "$(said 10.77.0.254)" 0
claim 10.77.0.254 "$b"
moved="the router 10.77.0.254 of 10.77.0.0/16 is claimed by $b now"
ok "another machine claims to be the router" wait_until 5 grep -q \
    "bw0: $moved, before by $a" "$log"
is "an event" "$(told conflict "$moved, before by $a")" 1
claim 10.77.0.253 "$b"
ok "to be the name server" wait_until 5 grep -q \
    "the name server 10.77.0.253 of 10.77.0.0/16 is claimed by $b" "$log"
claim 10.77.0.251 "$b"
ok "to be another subnet's next-server" wait_until 5 grep -q \
    "the next-server 10.77.0.251 of 10.88.0.0/24 is claimed by $b" "$log"
turns 10.77.0.254 50
ok "and back, again and again" settled
is "it is said in turns" \
    "$(said 'the router .* is claimed in turns by')" 1
ok "and little more" [ "$(said 'the router 10.77.0.254')" -le 4 ]

# Routers that share an address.
vrrp=00:00:5e:00:01:07
claim 10.77.0.252 "$a" 3
ok "a name server is heard" settled
for _ in 1 2 3 4 5; do
	claim 10.77.0.252 "$vrrp"
	claim 10.77.0.252 "$a"
done
ok "it takes turns with a MAC of VRRP" settled
is "a note" "$(told note "10.77.0.252 of 10.77.0.0/16 has moved to $vrrp")" 1
is "no conflict" "$(told conflict 10.77.0.252)" 0
is "no warning" "$(said 10.77.0.252)" 0

# 3. A leased address, of which its owner is not the only user.
ok "web2 has its lease" client_dhcp c2
is "its address" "$(client_lease c2 ip)" 10.77.2.2
in_client other "$obj/tests/arpplay" eth0 claim 10.77.2.2 02:00:00:00:00:12 3
ok "by its other card, too" settled
is "no news" "$(said 'is claimed by 02:00:00:00:00:12')" 0
ok "it gives it up" ctl release 10.77.2.2
in_client c2 ip link set eth0 down
in_client c2 ip addr flush dev eth0
in_client c2 ip link set eth0 address 02:00:00:00:00:12
in_client c2 ip link set eth0 up
ok "a host with two cards, by the other one" client_dhcp c2
is "to its address" "$(client_lease c2 ip)" 10.77.2.2
claim 10.77.2.2 "$a" 100
ok "another's claims" settled
is "one line" "$(said "10.77.2.2 of 02:00:00:00:00:12 is claimed by $a")" 1
is "one event in the owner's timeline" \
    "$(ctl trace web2 | grep -c "conflict .* is claimed by $a")" 1

# 4. Our own address, for as long as somebody likes.
before=$(grep -c " announce $bridge 10.77.0.1 " "$tmp/arp")
start=$(date +%s)
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
	claim 10.77.0.1 "$a" 500
	claim 10.77.0.1 "$b" 500
	sleep 0.8
done
ok "a storm of claims" settled
took=$(($(date +%s) - start))
after=$(grep -c " announce $bridge 10.77.0.1 " "$tmp/arp")
diag "$took seconds, $((after - before)) announcements"
ok "is answered" [ $((after - before)) -ge 1 ]
ok "once in ten seconds" [ $((after - before)) -le $((took / 10 + 1)) ]
ok "all are counted" figure_is own-claimed 15000
lines=$(said 'our address 10.77.0.1 is claimed by')
ok "the log has a line or two" [ "$lines" -ge 1 ]
ok "and no more" [ "$lines" -le $((took / 10 + 1)) ]
is "the events are the same" \
    "$(told conflict 'our own address 10.77.0.1 is claimed by')" "$lines"
sleep 10
claim 10.77.0.1 "$a"
ok "later its number is told" wait_until 5 grep -Eq \
    "our address 10.77.0.1 is claimed by $a, [0-9]+ times since then" "$log"

# In a frame of another machine than the one that it speaks of.
in_client other "$obj/tests/arpplay" eth0 forge 10.77.2.2 "$b" 1 \
    02:00:00:00:00:66
ok "a forged claim names who sent it" wait_until 5 grep -q \
    "10.77.2.2 of .* is claimed by $b (sent by 02:00:00:00:00:66)" "$log"
ok "and is counted" figure_is sent-by-another 1

# 5. Tags: those of VLAN 0 only have a priority.
flood priority 10.77.9.20
flood vlan 10.77.9.21
ok "frames with tags" settled
ok "a priority is no VLAN" [ -n "$(shown 10.77.9.20 2)" ]
is "another VLAN is none of ours" "$(shown 10.77.9.21 2)" ""

# 6. A host with another network card.
id=0x3d:0063617264206f662077656231	# "card of web1"
ok "a host by its client identifier" client_dhcp c1 -C -x "$id"
was=$(client_lease c1 ip)
in_client c1 ip link set eth0 down
in_client c1 ip addr flush dev eth0
in_client c1 ip link set eth0 address 02:00:00:00:00:21
in_client c1 ip link set eth0 up
ok "comes with another card" client_dhcp c1 -C -x "$id"
is "to its address" "$(client_lease c1 ip)" "$was"
card="web1 came with a new network card: 02:00:00:00:00:21, before"
ok "the log says so" wait_until 5 grep -q \
    "store: $card 02:00:00:00:00:01" "$log"
ok "its timeline, too" wait_until 5 sh -c \
    "'$obj/bootwardctl' trace web1 | grep -q ' note .*$card'"
ok "its lease again" client_dhcp c1 -C -x "$id"
is "told once" "$(said "$card")" 1
is "a host with two cards is no news" "$(said 'web2 came')" 0
# 7. An interface that goes, and comes again.
ip link add bwx type veth peer name eth9 netns other
ip link set bwx master bw1 up
in_client other ip link set eth9 up
in_client other "$obj/tests/arpplay" eth9 claim 10.88.0.9 "$a" 1
ok "a machine on bw1" wait_until 5 shown_is 10.88.0.9 6 bw1
ip link del bw1
ok "the interface goes" wait_until 10 shown_is 10.88.0.9 6 -
is "who was there is known" "$(shown 10.88.0.9 2)" "$a"
is "our address is not" "$(shown 10.88.0.1 1)" ""
ip link add bw1 type bridge forward_delay 0 stp_state 0
ip addr add 10.88.0.1/24 dev bw1
ip link set bwx master bw1 up
in_client other "$obj/tests/arpplay" eth9 listen 60000 >"$tmp/arp9" &
listener9=$!
wait_until 5 grep -q listening "$tmp/arp9"
ip link set bw1 up
twice()
{
	[ "$(grep -c " announce .* 10.88.0.1 10.88.0.1 " "$tmp/arp9")" = 2 ]
}
ok "and comes again: announced" wait_until 15 twice
in_client other "$obj/tests/arpplay" eth9 claim 10.88.0.9 "$a" 1
ok "heard again" wait_until 5 shown_is 10.88.0.9 6 bw1
ip addr replace 10.88.0.1/29 dev bw1
ip addr del 10.88.0.1/24 dev bw1
sleep 0.5
is "announced twice, no more" \
    "$(grep -c " announce .* 10.88.0.1 10.88.0.1 " "$tmp/arp9")" 2
kill "$listener9" "$monitor"

# 8. Through it all it said nothing that is not true.
kill "$listener"
grep " $bridge " "$tmp/arp" >"$tmp/ours"
diag "$(wc -l <"$tmp/ours") frames of ours"
is "nothing for an address that is not ours" \
    "$(grep -v " $bridge 10.77.0.1 " "$tmp/ours" |
    grep -v " probe $bridge 0.0.0.0 ")" ""

finish "is claimed " "dhcpd: warning: 10.77.[0-9.]* is used by 02:" \
    "bw1: " "interface .*bw1"
