#!/bin/sh
# SPDX-License-Identifier: ISC
#
# show arp: what arpd knows of each address, of few of them and of a great
# many, and what is said when arpd is not there.

top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lib.sh
. "$top/tests/lib.sh"

world_enter "$0" "$@"
world_up
client_new c1 02:00:00:00:00:01
client_new other 02:00:00:00:00:66
ip link add bw1 type bridge forward_delay 0 stp_state 0
ip addr add 10.88.0.1/24 dev bw1
ip link set bw1 up

play()			# ARGUMENTS...
{
	in_client other "$obj/tests/arpplay" eth0 "$@"
}

# A column of the row of an address.
row()			# ADDRESS COLUMN...
{
	row_addr=$1
	shift
	ctl show arp | awk -v addr="$row_addr" -v columns="$*" '
	    $1 == addr { n = split(columns, c, " ")
		for (i = 1; i <= n; i++)
			printf "%s%s", $c[i], i < n ? " " : "\n" }'
}

row_is()		# ADDRESS COLUMNS WANT
{
	# shellcheck disable=SC2086
	[ "$(row "$1" $2)" = "$3" ]
}

json()			# ADDRESS
{
	ctl -j show arp | grep "\"address\":\"$1\""
}

start_bootward <<'END'
interface "bw0"
interface "bw1"
subnet 10.77.0.0/16 {
	range 10.77.1.0 - 10.77.1.255
	lease 1h
}
host "web1" {
	ethernet 02:00:00:00:00:01
	address 10.77.2.1
}
host "web2" {
	ethernet 02:00:00:00:00:02
	address 10.77.2.2
}
END

# 1. What is known before anybody says a word.
bridge=$(ip -o link show bw0 | sed 's/.*ether \([^ ]*\).*/\1/')
ctl show arp >"$tmp/arp"
sed 's/^/# /' "$tmp/arp"
is "the heading" "$(head -n 1 "$tmp/arp" | tr -s ' ')" \
    "ADDRESS ETHERNET LAST FLIPS SOURCE INTERFACE STAND OWNER BEFORE"
is "our own address" "$(row 10.77.0.1 '2 3 4 5 6 7')" \
    "$bridge - 0 own bw0 owner"
is "on each interface" "$(row 10.88.0.1 '5 6 7')" "own bw1 owner"
is "a host that was never heard" "$(row 10.77.2.2 '2 3 4 5 6 7 8 9')" \
    "- - 0 host - unseen web2 -"
is "nobody else" "$(sed 1d "$tmp/arp" | wc -l)" 4

# 2. A lease, and somebody whom no lease is for.
ok "a machine gets its lease" client_dhcp c1
is "its address" "$(client_lease c1 ip)" 10.77.2.1
in_client c1 "$obj/tests/arpplay" eth0 claim 10.77.2.1 02:00:00:00:00:01 1
ok "it is heard" wait_until 5 row_is 10.77.2.1 '2 4 5 6 7 8 9' \
    "02:00:00:00:00:01 0 announce bw0 owner web1 -"
play claim 10.77.9.9 02:00:00:00:00:66 1
ok "a machine with an address of its own" wait_until 5 \
    row_is 10.77.9.9 '2 4 5 6 7 8 9' \
    "02:00:00:00:00:66 0 announce bw0 - - -"
play claim 10.77.9.9 02:00:00:00:00:67 1
ok "another one there" wait_until 5 row_is 10.77.9.9 '2 4 7 8 9' \
    "02:00:00:00:00:67 1 - - 02:00:00:00:00:66"
play probe 10.77.9.9 02:00:00:00:00:68 1
play probe 10.77.9.8 02:00:00:00:00:68 1
ok "who only asks for an address" wait_until 5 row_is 10.77.9.8 '2 4 5 9' \
    "02:00:00:00:00:68 0 probe -"
ok "takes it from nobody" row_is 10.77.9.9 '2 4 5' \
    "02:00:00:00:00:67 1 announce"
play claim 10.77.2.1 02:00:00:00:00:66 1
ok "another machine at a leased address" wait_until 5 \
    row_is 10.77.2.1 '2 4 7 8 9' \
    "02:00:00:00:00:66 1 other web1 02:00:00:00:00:01"
play claim 10.77.0.1 02:00:00:00:00:66 1
ok "and at our own" wait_until 5 row_is 10.77.0.1 '2 4 5 7 9' \
    "$bridge 0 own other 02:00:00:00:00:66"
play claim 10.99.0.1 02:00:00:00:00:66 1
play claim 10.88.0.9 02:00:00:00:00:66 1
play claim 10.77.9.7 02:00:00:00:00:66 1
ok "an address on its interface" wait_until 5 row_is 10.77.9.7 6 bw0
is "none of another network" "$(row 10.99.0.1 1)$(row 10.88.0.9 1)" ""

# 3. For scripts.
json 10.77.9.9 >"$tmp/json"
sed 's/^/# /' "$tmp/json"
ok "JSON says the same" grep -q \
    '"mac":"02:00:00:00:00:67","before":"02:00:00:00:00:66"' "$tmp/json"
ok "and when" grep -Eq '"first":[0-9]+,"last":[0-9]+,"flips":1' "$tmp/json"
ok "what is not known is null" grep -q '"owner":null' "$tmp/json"
ok "who was never heard has no time" sh -c \
    "'$obj/bootwardctl' -j show arp | grep 10.77.2.2 |
    grep -q '\"mac\":null.*\"first\":null,\"last\":null.*\"host\":\"web2\"'"
ok "it is JSON" sh -c "'$obj/bootwardctl' -j show arp |
    perl -MJSON::PP -0777 -ne 'decode_json(\$_)'"

# 4. All addresses of the network, and more than there is room for.
play flood 10.77.0.0 70000
full()
{
	[ "$(ctl show arp | wc -l)" -gt 60000 ]
}
ok "a great many" wait_until 20 full
ctl show arp | sed 1d >"$tmp/arp"
diag "$(wc -l <"$tmp/arp") rows"
is "in order, each once" "$(awk '{ split($1, a, ".")
    n = (a[2] * 256 + a[3]) * 256 + a[4]; if (NR > 1 && n <= last) bad++
    last = n } END { print bad + 0 }' "$tmp/arp")" 0
ok "those that we know are among them" grep -q \
    '^10.77.2.2 .* web2 ' "$tmp/arp"
arpd=$(bootward_pid_of arpd)
rss=$(sed -n 's/^VmRSS:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$arpd/status")
diag "arpd: $rss kB resident"
ok "in little memory" [ "$rss" -lt 16384 ]

# 5. A reader who does not read keeps nobody.
"$obj/bootwardctl" show arp >/dev/null &
slow=$!
kill -STOP "$slow"
ok "one who stands still: others are answered" ctl_says 0 10.77.2.2 show arp
kill -CONT "$slow"
wait "$slow"
is "who goes on has all of it" "$?" 0
for i in 1 2 3 4 5 6 7 8; do
	ctl show arp | wc -l >"$tmp/rows.$i" &
done
wait_until 30 sh -c "[ \$(cat '$tmp'/rows.* | grep -c .) = 8 ]"
is "eight at once have all of it, too" \
    "$(cat "$tmp"/rows.* | awk '$1 > 60000' | wc -l)" 8

# 6. No arpd, or one that stands still.
check_alive "10.77.2.1 of .* is claimed by" "our address .* is claimed by" \
    "10.77.2.1 is used by" "10.77.[0-9.]* of .* is claimed by" \
    "messages suppressed" "similar" "10.77.[0-9.]* is used by"
kill -STOP "$arpd"
ok "one that does not answer" ctl_says 1 "arpd does not answer" show arp
kill -CONT "$arpd"
kill -KILL "$arpd"
back()
{
	[ -n "$(bootward_pid_of arpd)" ] &&
	    [ "$(bootward_pid_of arpd)" != "$arpd" ] && row_is 10.77.0.1 5 own
}
ok "one that died is there again" wait_until 10 back
ok "with the leases" wait_until 10 row_is 10.77.2.1 8 web1
kill -TERM "$bootward_pid"
wait_until 10 bootward_gone
: >"$log"
run_bootward -o store
ok "bootward without it" wait_until 10 ctl_says 1 "arpd does not run" show arp
stop_bootward
finish_only
