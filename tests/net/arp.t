#!/bin/sh
# SPDX-License-Identifier: ISC
#
# arpd on the wire: what it says, when, and what it makes of others' claims.

top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lib.sh
. "$top/tests/lib.sh"

world_enter "$0" "$@"
world_up
client_new c1 02:00:00:00:00:01
client_new c2 02:00:00:00:00:02
client_new c3 02:00:00:00:00:03
client_new watcher 02:00:00:00:00:09
# Somebody sits on the first address and does not answer pings.
client_new squatter 02:00:00:00:00:66
in_client squatter ip addr add 10.77.1.0/16 dev eth0
in_client squatter sysctl -q -w net.ipv4.icmp_echo_ignore_all=1

play()			# CLIENT ARGUMENTS...
{
	play_in=$1
	shift
	in_client "$play_in" "$obj/tests/arpplay" eth0 "$@"
}

listen()		# MILLISECONDS
{
	: >"$tmp/arp"
	play watcher listen "$1" >"$tmp/arp" &
	listener=$!
	wait_until 5 grep -q listening "$tmp/arp"
}

heard()			# KIND SENDER-IP TARGET-IP
{
	grep -E "^[0-9]+ $1 $bridge $2 $3 60$" "$tmp/arp"
}

# The time between the two lines on standard input, within these bounds?
between()		# MIN MAX
{
	awk -v min="$1" -v max="$2" 'NR > 1 { d = $1 - last }
	    { last = $1 } END { exit !(NR == 2 && d >= min && d <= max) }'
}

# As the watcher saw it: 2 probes of the address in a hurry, then nothing.
proven()		# ADDRESS
{
	[ "$(heard probe 0.0.0.0 "$1" | wc -l)" = 2 ]
}

bridge=$(ip -o link show bw0 | sed 's/.*ether \([^ ]*\).*/\1/')

# 1. The start: announcements and proofs.
listen 4000
start_bootward <<'END'
interface "bw0"
subnet 10.77.0.0/16 {
	range 10.77.1.0 - 10.77.1.15
	lease 1h
}
host "web3" {
	ethernet 02:00:00:00:00:03
	address 10.77.2.3
}
host "web5" {
	ethernet 02:00:00:00:00:05
	address 10.77.2.5
}
END
wait "$listener"
is "two announcements" "$(heard announce 10.77.0.1 10.77.0.1 | wc -l)" 2
heard announce 10.77.0.1 10.77.0.1 >"$tmp/announced"
ok "two seconds apart" between 1900 2300 <"$tmp/announced"
for i in 1 2 9 15; do
	ok "10.77.1.$i: two probes" proven "10.77.1.$i"
	heard probe 0.0.0.0 "10.77.1.$i" >"$tmp/probed"
	ok "10.77.1.$i: 100 ms apart" between 90 300 <"$tmp/probed"
done
is "10.77.1.0 is in use: one probe was enough" \
    "$(heard probe 0.0.0.0 10.77.1.0 | wc -l)" 1
ok "a reserved address is probed, but there is no hurry" \
    [ "$(heard probe 0.0.0.0 10.77.2.3 | wc -l)" -le 3 ]
first=$(heard announce 10.77.0.1 10.77.0.1 | sed -n '1s/ .*//p')
last=$(heard probe 0.0.0.0 10.77.1.15 | sed -n '2s/ .*//p')
ok "all is proven a second after the start" [ $((last - first + 150)) -lt 1000 ]

# 2. Nobody gets an address that somebody uses.
listen 15000
ok "a lease" client_dhcp c1
ok "not the one of the squatter" not [ "$(client_lease c1 ip)" = 10.77.1.0 ]
for i in 2 3 4 5; do
	ok "another squatter comes to 10.77.1.$i" \
	    play squatter claim "10.77.1.$i" "02:00:00:00:01:0$i" 1
done
ok "somebody else probes 10.77.1.6" \
    play squatter probe 10.77.1.6 02:00:00:00:01:06 1
ok "a lease" client_dhcp c2
got=$(client_lease c2 ip)
diag "c1 has $(client_lease c1 ip), c2 has $got"
case $got in
10.77.1.[02-6])	taken=1 ;;
10.77.1.*)	taken=0 ;;
*)		taken=1 ;;
esac
ok "none that was taken after it was proven" [ "$taken" -eq 0 ]

# 3. A leased address and a reserved one with a second user, loudly.
ok "the owner of a lease may use it" \
    play c2 claim "$got" 02:00:00:00:00:02 3
ok "another claims it a hundred times" \
    play squatter claim "$got" 02:00:00:00:00:66 100
claimed="$got of 02:00:00:00:00:02 is claimed by 02:00:00:00:00:66"
ok "both are named" wait_until 5 grep -q "$claimed" "$log"
ok "another claims a reserved address" \
    play squatter claim 10.77.2.5 02:00:00:00:00:66 100
reserved="10.77.2.5 of 02:00:00:00:00:05 is claimed by 02:00:00:00:00:66"
ok "both are named" wait_until 5 grep -q "$reserved" "$log"
ok "its owner uses it" play c3 claim 10.77.2.5 02:00:00:00:00:05 3
sleep 0.5
is "once each" "$(grep -c 'is claimed by' "$log")" 2

# 4. Our own address: defended, once in ten seconds.
ok "another claims our address for two seconds" sh -c "
	for i in 1 2 3 4 5 6 7 8; do
		ip netns exec squatter '$obj/tests/arpplay' eth0 claim \
		    10.77.0.1 02:00:00:00:00:66 20
		sleep 0.25
	done"
wait "$listener"
is "one announcement answers" "$(heard announce 10.77.0.1 10.77.0.1 | wc -l)" 1
ours="bw0: our address 10.77.0.1 is claimed by 02:00:00:00:00:66"
is "and one line in the log" "$(grep -c "$ours" "$log")" 1
listen 2000
ok "a claim after ten seconds" \
    play squatter claim 10.77.0.1 02:00:00:00:00:66 1
wait "$listener"
is "is answered again" "$(heard announce 10.77.0.1 10.77.0.1 | wc -l)" 1

# 5. Links and addresses that come and go.
listen 3500
ip addr add 10.77.0.2/16 dev bw0
wait "$listener"
is "a new address is announced twice" \
    "$(heard announce 10.77.0.2 10.77.0.2 | wc -l)" 2
is "and the old one is not" "$(heard announce 10.77.0.1 10.77.0.1 | wc -l)" 0
ip addr del 10.77.0.2/16 dev bw0
listen 4500
ip link set bw0 down
sleep 0.5
ip link set bw0 up
wait "$listener"
is "a link that comes up: announced twice" \
    "$(heard announce 10.77.0.1 10.77.0.1 | wc -l)" 2
ok "and proven anew" proven 10.77.1.9
is "an address that went is not ours" \
    "$(heard announce 10.77.0.2 10.77.0.2 | wc -l)" 0

# 6. A flood of claims by ever new machines.
arpd=$(bootward_pid_of arpd)
rss()
{
	sed -n 's/^VmRSS:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$arpd/status"
}
before=$(rss)
ok "100,000 claims" play squatter flood 10.77.100.0 100000
ok "in which a machine gets its lease" client_dhcp c3
is "its own" "$(client_lease c3 ip)" 10.77.2.3
after=$(rss)
diag "resident: $before kB before, $after kB after"
ok "memory grows by its table at most" [ "$((after - before))" -lt 8192 ]

# 7. Through it all it spoke for nobody else.
listen 2500
in_client c1 curl -s -m 2 http://10.77.0.1/ >/dev/null
play c1 probe 10.77.1.12 02:00:00:00:00:01 1
play c1 probe "$got" 02:00:00:00:00:01 1
wait "$listener"
is "nothing is said for an address that is not ours" \
    "$(grep " $bridge " "$tmp/arp" | grep -v " $bridge 10.77.0.1 " |
    grep -v " probe $bridge 0.0.0.0 ")" ""

# 8. The step in the machine's timeline.
arp_step()
{
	ctl trace web3 | grep -w arp
}
in_client c3 curl -s -m 2 http://10.77.0.1/ >/dev/null
ok "the timeline has the machine's first ARP" wait_until 5 arp_step
is "once" "$(arp_step | wc -l)" 1

finish "is claimed by 02:00:00:00:00:66" \
    "dhcpd: warning: 10.77.[0-9.]* is used by 02:"
