#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Machines that look for an IPv6 router: told that there is none, unless there
# is one, or "ipv6 quiet".

top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lib.sh
. "$top/tests/lib.sh"

world_enter "$0" "$@"
world_up
# Its address shall not follow its ports'.
bridge=52:54:00:00:77:01
ours=fe80::5054:ff:fe00:7701
ip link set bw0 address $bridge
client_new c1 02:00:00:00:00:01
client_new watcher 02:00:00:00:00:09
client_new router 02:00:00:00:00:fe
# Those speak only when they are told to.
for name in c1 watcher router; do
	in_client "$name" sysctl -q -w net.ipv6.conf.eth0.disable_ipv6=1
done

# Each machine is a new one: nobody is answered twice in a second.
machines=0x100
machine_next()
{
	machines=$((machines + 1))
	mac=$(printf '02:00:00:00:%02x:%02x' $((machines / 256)) \
	    $((machines % 256)))
	mac_addr=$(printf 'fe80::ff:fe00:%x' $machines)
}

play()			# CLIENT ARGUMENTS...
{
	play_in=$1
	shift
	in_client "$play_in" "$obj/tests/ndplay" eth0 "$@"
}

# Until deaf(), or for a minute; its process is in $listener.
listen()		# CLIENT
{
	: >"$tmp/nd.$1"		# what the last one printed says nothing
	ip netns exec "$1" "$obj/tests/ndplay" eth0 listen 60000 \
	    >"$tmp/nd.$1" &
	listener=$!
	wait_until 5 grep -q listening "$tmp/nd.$1"
}

deaf()			# PROCESS
{
	kill "$1"
	wait "$1" 2>/dev/null
}

# What came from the server: all but the time.
from_server()		# CLIENT
{
	sed -n "s/^[0-9]* \([a-z]* $bridge .*\)/\1/p" "$tmp/nd.$1"
}

told()			# CLIENT
{
	from_server "$1" | grep '^advert'
}

# All of arpd's answers to a new machine, in $tmp/answers, within a second.
answers_to()		# WHAT COUNT
{
	machine_next
	listen c1
	play c1 "$1" "$mac" "$2"
	sleep 1
	deaf "$listener"
	told c1 >"$tmp/answers"
}

answers()
{
	cat "$tmp/answers"
}

is_told()
{
	machine_next
	listen c1
	play c1 solicit "$mac" 1
	wait_until 5 told c1
	deaf "$listener"
	[ "$(told c1)" = "advert $bridge $ours $mac $mac_addr $no" ]
}

is_not_told()
{
	answers_to solicit 1
	[ "$(answers)" = "" ]
}

says()			# COUNT PATTERN
{
	[ "$(grep -c "$2" "$log")" = "$1" ]
}

configure()		# LINE
{
	cat <<END
interface "bw0"
$1
subnet 10.77.0.0/16 {
	range 10.77.1.0 - 10.77.1.15
}
END
}

reload()		# LINE
{
	configure "$1" >/etc/bootward.conf
	ctl reload
}

nd_sockets()
{
	ss -H -0 | grep -c 'ipv6:bw0'
}

in_group()
{
	ip maddr show dev bw0 | grep -q 'link.*33:33:00:00:00:02'
}

none_heard="bw0: no IPv6 router is heard"
no="255 000000000000000000000000"

# 1. The start: it asks before it answers.
all_the_time()
{
	while sleep 0.2; do
		machine_next
		play c1 solicit "$mac" 1
	done
}

asked()			# TIMES
{
	[ "$(from_server c1 | grep -c '^solicit')" = "$1" ]
}

# Its questions, and milliseconds between them.
pauses()
{
	awk -v us="$bridge" '$3 == us && $2 == "solicit" {
	    if (last) print $1 - last; last = $1 }' "$tmp/nd.c1"
}

none_below()		# NUMBER
{
	! awk -v least="$1" '$1 < least' | grep .
}

# Milliseconds from its first question to its first answer.
waited()
{
	awk -v us="$bridge" '$3 == us && $2 == "solicit" && !q { q = $1 }
	    $3 == us && $2 == "advert" { print $1 - q; exit }' "$tmp/nd.c1"
}

listen c1
all_the_time &
asker=$!
configure "" >"$tmp/conf"
start_bootward <"$tmp/conf"
ok "it asks three times" wait_until 20 asked 3
kill "$asker"
wait "$asker" 2>/dev/null
deaf "$listener"
is "as nobody, all routers" "$(from_server c1 | grep '^solicit' | sort -u)" \
    "solicit $bridge :: 33:33:00:00:00:02 ff02::2 255 00000000"
pauses >"$tmp/pauses"
ok "four seconds apart" none_below 3900 <"$tmp/pauses"
ok "machines are told" told c1
diag "the first one after $(waited) ms"
ok "but not before a router could have answered" [ "$(waited)" -ge 950 ]
ok "the log says so, too" says 1 "$none_heard"
ok "it is in the group of routers" in_group
machines=0x1000

# 2. Who looks for a router.
listen watcher
watching=$listener
ok "is told that there is none, from our address, alone" is_told
answers_to nobody 1
is "so is who has no address, by Ethernet alone" "$(answers)" \
    "advert $bridge $ours $mac ff02::1 $no"
deaf "$watching"
is "nobody else hears a word of it" "$(from_server watcher)" ""
answers_to solicit 50
few()
{
	[ "$(answers | wc -l)" -ge 1 ] && [ "$(answers | wc -l)" -le 10 ]
}
ok "fifty times at once is hardly more than once" few
before=$(counter malformed arpd) answered=$(counter advertisements-sent arpd)
answers_to broken 1
is "no answer to what is not valid" "$(answers)" ""
is "it is counted, but for what came from elsewhere" \
    "$(counter malformed arpd)" $((before + 7))
is "as is who was answered" "$(counter advertisements-sent arpd)" "$answered"

# 3. Linux.
client_new linux 02:00:00:00:00:07
in_client linux sysctl -q -w net.ipv6.conf.eth0.accept_ra=2
in_linux()
{
	in_client linux cat /proc/net/snmp6 |
	    awk -v n="$1" '$1 == n { print $2 }'
}
heard_it()
{
	[ "$(in_linux Icmp6InRouterAdvertisements)" -gt 0 ]
}
ok "a kernel looks for a router and is told" wait_until 20 heard_it
asked=$(in_linux Icmp6OutRouterSolicits)
is "it has no route beyond its link" \
    "$(in_client linux ip -6 route show | grep -v '^fe80::/64 ')" ""
is "and no address but its own" \
    "$(in_client linux ip -6 addr show dev eth0 | grep inet6 |
    grep -v 'inet6 fe80::')" ""
is "nor takes the server for a router" \
    "$(in_client linux ip -6 neigh show | grep router)" ""
sleep 5
is "it asks no more" "$(in_linux Icmp6OutRouterSolicits)" "$asked"

# 4. Ever new machines.
answered=$(counter advertisements-sent arpd)
began=$(date +%s)
ok "5,000 of them look for a router" play c1 flood 5000
all_seen()
{
	[ "$(counter solicitations arpd)" -ge 5000 ]
}
ok "all are seen" wait_until 10 all_seen
answers=$(($(counter advertisements-sent arpd) - answered))
most=$(((($(date +%s) - began) + 2) * 100))
diag "$answers answers"
ok "some are told" [ "$answers" -ge 50 ]
ok "at most a hundred a second" [ "$answers" -le "$most" ]
sleep 1.1	# for the hundred of the next second
ok "then the next one is told again" is_told

# 5. Routers.
router=02:00:00:00:00:fe
is_one="bw0: $router is an IPv6 router"
ok "another that is none" play router advertise $router 0
ok "even with its address" play router advertise $router 0 1 1
ok "does not matter" is_told
ok "nor is it said" says 0 "$is_one"
ok "a router" play router advertise $router 1800
ok "it is noticed" wait_until 5 says 1 "$is_one"
ok "it answers for itself" is_not_told
ok "when it goes" play router advertise $router 0
ok "it is not forgotten so soon" is_not_told

ip link set bw0 down
sleep 0.5
ip link set bw0 up
ok "a link that comes up is another one" \
    wait_until 15 says 2 "$none_heard"
ok "there is none there" is_told
ok "a router that knows nothing but a prefix" \
    play router advertise $router 0 3 4
ok "it is noticed" wait_until 5 says 2 "$is_one"
ok "it answers for itself" is_not_told

# 6. Not at all.
is "there is a socket for all this" "$(nd_sockets)" 1
ok "ipv6 quiet" reload "ipv6 quiet"
is "there is none any more" "$(nd_sockets)" 0
ok "it has left the group" not in_group
ok "and says nothing" is_not_told
ok "reload without" reload ""
is "there is one again" "$(nd_sockets)" 1
ok "in the group" in_group
ok "it looks for routers anew" wait_until 15 says 3 "$none_heard"
ok "and answers" is_told

# 7. An interface that is destroyed, and one of the same name.
ip link del bw0
ip link add bw0 type bridge forward_delay 0 stp_state 0
ip link set bw0 address "$bridge"
ip addr add "$server/16" dev bw0
for name in c1 watcher router linux; do
	ip link set "bwv$name" master bw0
done
ip link set bw0 up
ok "the new one is looked at, too" wait_until 15 says 4 "$none_heard"
is "with the same socket" "$(nd_sockets)" 1
ok "in the group" in_group
ok "and machines are told" is_told

finish "bw0: there is no such interface any more"
