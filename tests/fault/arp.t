#!/bin/sh
# SPDX-License-Identifier: ISC
#
# What others can do to arpd, and what can happen to it: floods of frames of
# every kind, interfaces that come, go and change, arpd killed again and
# again.  Clients are served all the while, memory and log stay small, no
# address is given twice, and afterwards there are proofs again.
#
# FLOOD_SECONDS= in the environment says how long each flood is, TRIALS= how
# often arpd is killed.

top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/fault/fault.sh
. "$top/tests/fault/fault.sh"

world_enter "$0" "$@"
fault_up
seconds=${FLOOD_SECONDS:-1}
client_new evil 02:00:00:00:f1:00
# A flood is for the server, not for the sockets of the clients; nor is it to
# fill the bridge's own table.
bridge link set dev bwvevil isolated on learning off
bridge link set dev bwvstorm isolated on

cat >"$tmp/conf" <<'END'
interface "bw0"
subnet 10.77.0.0/16 {
	range 10.77.1.0 - 10.77.254.255
	lease 1h
}
END

figure()		# NAME
{
	ctl -j show status | tr ',{}' '\n' |
	    sed -n "s/^ *\"$1\": *//p" | tail -n 1
}

arpd_rss()
{
	ps --no-headers -o rss= -p "$(bootward_pid_of arpd)"
}

proofs()
{
	[ "$(figure proven-now)" -ge 16 ]
}

log_lines()
{
	wc -l <"$log"
}

start_bootward <"$tmp/conf"
ok "there are proofs" wait_until 30 proofs
# What the table of neighbours may take is taken once.
in_client evil "$obj/tests/arpflood" -t "$seconds" eth0 claim >"$tmp/flood"
before=$(arpd_rss)

# 1. Floods: of all addresses, of some that are leased or free, of ours.
flood()			# KIND ARGUMENTS...
{
	flood_kind=$1
	shift
	lines=$(log_lines)
	in_client evil "$obj/tests/arpflood" -t "$seconds" "$@" eth0 \
	    "$flood_kind" >"$tmp/flood" &
	flood_pid=$!
	storm_begin 40 -w 8
	ok "$flood_kind $*: clients get addresses meanwhile" storm_end
	diag "$(cat "$tmp/storm.err")"
	wait "$flood_pid"
	is "$flood_kind $*: the flood was sent" $? 0
	diag "$(cat "$tmp/flood"), $(($(log_lines) - lines)) lines in the log"
	ok "$flood_kind $*: the log is short" \
	    [ $(($(log_lines) - lines)) -lt $((60 + 10 * seconds)) ]
}

for kind in claim one-mac probe reply ask own outside broken short noise \
    priority vlan; do
	flood "$kind"
done
flood claim -n 512
flood reply -n 512
flood probe -n 512
after=$(arpd_rss)
diag "arpd has $before kB before, $after kB after the floods"
ok "arpd does not grow" [ $((after - before)) -lt 8192 ]
is "nobody was ended" "$(bootward_pids)" "$(cat "$tmp/pids")"
ok "no lease lost, no address given twice" promises
ok "after the floods there are proofs again" wait_until 30 proofs
diag "$(ctl show status | sed -n '/^arpd/,/^tftpd/p')"

# 2. arpd is killed, again and again, while clients come.  What was claimed in
# the floods is contested for a while: whoever begins anew gets another address.
mv "$tmp/acked" "$tmp/contested"
: >"$tmp/acked"
arpd_kills=${TRIALS:-6}
n=0
storm_begin 400 -w 16 -r 40
while [ $((n += 1)) -le "$arpd_kills" ]; do
	pid=$(bootward_pid_of arpd)
	kill -KILL "$pid" 2>/dev/null
	wait_until 30 daemon_is_new arpd "$pid"
	doze 300
done
ok "arpd was killed $arpd_kills times: everybody got an address" storm_end
diag "$(cat "$tmp/storm.err")"
ok "all is well again" wait_until 30 bootward_ready
ok "no lease lost, no address given twice" promises
ok "there are proofs again" wait_until 30 proofs
ok "everybody goes on with what he has" storm_again
sort -u "$tmp/contested" >>"$tmp/acked"
bootward_pids >"$tmp/pids"

# 3. Ports of the bridge come and go, its address and its MAC change.
claims_begin()
{
	in_client evil "$obj/tests/arpflood" -r 2000 -t 600 eth0 claim \
	    >/dev/null 2>&1 &
	claims_pid=$!
}

claims_end()
{
	kill "$claims_pid"
	wait "$claims_pid" 2>/dev/null
}

claims_begin
storm_begin 200 -w 16 -r 100
n=0
while [ $((n += 1)) -le 20 ]; do
	ip link add "bwx$n" type veth peer name "bwy$n"
	ip link set "bwx$n" master bw0 up
	ip link set "bwy$n" up
	ip addr add "10.77.0.$((n + 1))/16" dev bw0
	ip link del "bwx$n"
	ip addr del "10.77.0.$((n + 1))/16" dev bw0
	doze 60
done
ok "ports and addresses come and go: everybody got an address" storm_end
diag "$(cat "$tmp/storm.err")"
storm_begin 100 -w 16 -r 100
for octet in 01 02 03 04 05; do
	ip link set bw0 address "02:00:00:00:bb:$octet"
	sleep 0.3
done
ok "another MAC, five times: everybody got an address" storm_end
diag "$(cat "$tmp/storm.err")"

# 4. The link flaps.
n=0
while [ $((n += 1)) -le 25 ]; do
	ip link set bw0 down
	ip link set bw0 up
	doze 20
done
claims_end
storm_begin 100 -w 16
ok "25 flaps of the link, then everybody gets an address" storm_end
ok "there are proofs again" wait_until 30 proofs

# 5. The interface is destroyed and made anew while all this goes on.
n=0
while [ $((n += 1)) -le 5 ]; do
	claims_begin
	doze 300
	ip link del bw0
	doze 200
	ip link add bw0 type bridge forward_delay 0 stp_state 0
	ip link set bwvstorm master bw0
	ip link set bwvevil master bw0
	bridge link set dev bwvevil isolated on learning off
	bridge link set dev bwvstorm isolated on
	ip addr add "$server/16" dev bw0
	ip link set bw0 up
	doze 300
	claims_end
done
storm_begin 100 -w 16
ok "destroyed and made anew 5 times, then everybody gets an address" storm_end
ok "there are proofs again" wait_until 30 proofs
ok "no lease lost, no address given twice" promises

# 6. An address that is claimed while it is leased is given to nobody else.
sort -u "$tmp/acked" | head -n 50 >"$tmp/some"
claim_some()
{
	while read -r _ claimed; do
		in_client evil "$obj/tests/arpplay" eth0 claim "$claimed" \
		    02:00:00:00:f1:01 2 || return 1
	done <"$tmp/some"
}
ok "50 leased addresses are claimed by another" claim_some
storm_begin 200 -w 16
ok "others get addresses" storm_end
ok "none of these: no lease lost, no address given twice" promises
after=$(arpd_rss)
diag "arpd has $after kB, the log $(log_lines) lines"
ok "the log is short" [ "$(log_lines)" -lt 3000 ]
finish 'arpd was ended by signal 9' 'bw0' 'is used by 02:' 'claimed' \
    'not sent' 'no address' 'unproven' 'offered without' \
    'more lines like the next'
