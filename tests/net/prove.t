#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Addresses are proven free before they are offered: machines that sit on half
# of a range, that come later, on a reserved address, and behind a relay; and
# nobody waits for it while the stock lasts.

top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lib.sh
. "$top/tests/lib.sh"

world_enter "$0" "$@"
world_up
client_new storm 02:00:00:00:00:01
client_new squatter 02:00:00:00:00:66

# The relay: a floor with one machine that has three addresses.
set -e
client_new relay 02:00:00:00:01:00
in_client relay ip addr add 10.77.0.2/16 dev eth0
in_client relay sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
ip -n relay link add floor type veth peer name far
ip -n relay addr add 10.99.0.1/24 dev floor
ip -n relay link set floor up
ip netns add desk
ip -n relay link set far netns desk
ip -n desk link set far up
for n in 100 101 102; do
	ip -n desk addr add 10.99.0.$n/24 dev far
done
ip -n desk route add default via 10.99.0.1
ip route add 10.99.0.0/24 via 10.77.0.2
set +e

squat()			# ARGUMENTS...
{
	ip netns exec squatter "$obj/tests/squat" "$@" >"$tmp/squat" 2>&1 &
	squat_pid=$!
}

squat_end()
{
	kill -TERM "$squat_pid"
	wait "$squat_pid"
	diag "squatters: $(tr '\n' ' ' <"$tmp/squat")"
}

# New machines, all at once.
storms=0
storm()			# CLIENTS
{
	storms=$((storms + 1))
	in_client storm "$obj/tests/dhcpstorm" -f $((storms * 10000)) -n "$1" \
	    -w "$1" -r 100000 -t 60 -o "$tmp/acked" eth0 2>"$tmp/storm.err"
	storm_status=$?
	diag "$(cat "$tmp/storm.err")"
	return "$storm_status"
}

play()			# CLIENT MAC ARGUMENTS...
{
	play_in=$1
	shift
	in_client "$play_in" "$obj/tests/dhcpplay" eth0 "$@" >"$tmp/answer"
}

proven()		# AT-LEAST
{
	[ "$(counter proven-now arpd)" -ge "$1" ]
}

reconfigure()
{
	cat >/etc/bootward.conf
	ctl reload
}

# 1. The first second, and half of the addresses in use by who drops ping.
squat -x 2 eth0 10.77.16.0 10.77.31.255
start_bootward <<'END'
interface "bw0"
subnet 10.77.0.0/16 {
	range 10.77.16.0 - 10.77.31.255
	lease 1h
}
host "web1" {
	ethernet 02:00:00:00:00:11
	address 10.77.2.1
}
END
ok "1,000 machines get addresses" storm 1000
cut -d ' ' -f 2 "$tmp/acked" | awk -F . '$4 % 2 == 0' >"$tmp/bad"
is "none of 1,000 is in use" "$(wc -l <"$tmp/bad")" 0
is "no offer was without a proof" "$(counter unproven)" 0
is "nobody was offered one and declined it" "$(counter decline)" 0

# 2. At rest: the stock is there, and no OFFER waits for anything.
ok "the stock fills up" wait_until 60 proven 256
asked=$(counter asked-by-dhcpd arpd)
waited=$(counter answered-on-proof)
ok "twenty machines at once" storm 20
ok "and a rack a moment later" storm 100
is "nobody had to ask" "$(counter asked-by-dhcpd arpd)" "$asked"
is "nobody waited" "$(counter answered-on-proof)" "$waited"
is "each had a proven one" "$(counter unproven)" 0
ok "what was used up is made good" wait_until 60 proven 256

# Frames that nobody read: a claim may have been among them.
pid=$(bootward_pid_of arpd)
kill -STOP "$pid"
in_client squatter "$obj/tests/arpplay" eth0 flood 10.77.100.0 60000
kill -CONT "$pid"
missed()
{
	[ "$(counter frames-missed arpd)" -gt 0 ]
}
ok "arpd knows that it missed some" wait_until 10 missed
probes=$(counter probes-sent arpd)
asked_again()
{
	[ "$(counter probes-sent arpd)" -ge $((probes + 200)) ]
}
ok "and asks again for what it has proven" wait_until 30 asked_again
ok "which stays proven meanwhile" proven 256

# 3. What is known to be in use is refused, also after dhcpd was killed.
refused()		# LAST-OCTET-OF-MAC
{
	play storm "02:aa:00:00:00:$1" request 50=10.77.16.0 54=10.77.0.1
	[ "$(kind)" = nak ]
}
ok "a taken address is refused" refused 01
pid=$(bootward_pid_of dhcpd)
kill -KILL "$pid"
dhcpd_is_new()
{
	[ -n "$(bootward_pid_of dhcpd)" ] &&
	    [ "$(bootward_pid_of dhcpd)" != "$pid" ] && bootward_ready
}
ok "dhcpd is there again" wait_until 10 dhcpd_is_new
ok "and knows" wait_until 5 refused 02
pid=$(bootward_pid_of arpd)
kill -KILL "$pid"
ok "machines that come while arpd is killed are served" storm 20
cut -d ' ' -f 2 "$tmp/acked" | awk -F . '$4 % 2 == 0' >"$tmp/bad"
is "nobody gets an address in use" "$(wc -l <"$tmp/bad")" 0
ok "arpd proves again" wait_until 60 proven 256
squat_end

# 4. A small range: squatters that come when all is proven.
ok "another range" reconfigure <<'END'
interface "bw0"
subnet 10.77.0.0/16 {
	range 10.77.3.0 - 10.77.3.7
	lease 1h
}
host "web1" {
	ethernet 02:00:00:00:00:11
	address 10.77.2.1
}
END
ok "is proven" wait_until 10 proven 8
for n in 0 1 2 4 5 6; do
	in_client squatter "$obj/tests/arpplay" eth0 claim 10.77.3.$n \
	    02:00:00:00:02:0$n 1
done
ok "two are left" wait_until 5 [ "$(counter proven-now arpd)" -le 2 ]
ok "for two machines" storm 2
is "those" "$(cut -d ' ' -f 2 "$tmp/acked" | sort | tr '\n' ' ')" \
    "10.77.3.3 10.77.3.7 "
play storm 02:aa:00:00:00:03 discover
is "there is none for a third" "$(kind)" ""
ok "the others have gone again" wait_until 60 proven 6
play storm 02:aa:00:00:00:03 discover wait=3000
is "so there is" "$(kind)" offer

# 5. Somebody who says nothing sits on a reserved address.
squat -x 1 eth0 10.77.2.1 10.77.2.1
kill -KILL "$(bootward_pid_of arpd)"
ok "that is found out" wait_until 15 grep -q \
    '10.77.2.1 of 02:00:00:00:00:11 is claimed by 02:5a:' "$log"
conflict_event()
{
	ctl trace web1 | grep -w conflict
}
ok "and an event of its host" wait_until 5 conflict_event
squat_end

# 6. Behind a relay.
ok "a floor behind a relay, and one that there is no way to" reconfigure <<'END'
interface "bw0"
subnet 10.77.0.0/16 {
	range 10.77.4.0 - 10.77.4.63
}
subnet 10.99.0.0/24 {
	range 10.99.0.100 - 10.99.0.107
	relay 10.99.0.1
}
subnet 10.98.0.0/24 {
	range 10.98.0.100 - 10.98.0.107
	relay 10.98.0.1
}
END
bridge=$(ip -o link show bw0 | sed 's/.*ether \([^ ]*\).*/\1/')
far()			# LAST-OCTET-OF-MAC GIADDR
{
	play relay "02:bb:00:00:00:$1" discover "giaddr=$2" dst=10.77.0.1 \
	    "src=$2" sport=67 hops=1 "l2dst=$bridge" wait=5000
}
in_client relay ip addr add 10.98.0.1/32 dev floor
: >"$tmp/offered"
for n in 01 02 03 04 05; do
	ok "an OFFER for a machine there" far $n 10.99.0.1
	field yiaddr >>"$tmp/offered"
done
is "of those that nobody has, once each" \
    "$(sort "$tmp/offered" | tr '\n' ' ')" \
    "10.99.0.103 10.99.0.104 10.99.0.105 10.99.0.106 10.99.0.107 "
is "each is proven" "$(counter unproven)" 0
is "the machine that answers has three" "$(counter echoes-answered arpd)" 3
ip route add 10.98.0.1 via 10.77.0.2
ok "what cannot be proven is offered all the same" far 0a 10.98.0.1
is "that is counted" "$(counter unproven)" 1
ok "arpd said so" [ "$(counter asked-in-vain arpd)" -ge 1 ]
ok "and no warning of too many" not grep -q 'offers without a proof' "$log"
is "it is the other floor's" "$(field yiaddr | cut -d . -f 1-3)" 10.98.0
bootward_pids >"$tmp/pids"
finish 'is used by' 'is claimed by' 'was ended by signal 9' \
    'no address is free' 'more lines like the next'
