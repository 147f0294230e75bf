#!/bin/sh
# SPDX-License-Identifier: ISC
#
# RFC 5227 on the wire: every octet of what arpd sends is written down, with
# its time, and held against what the RFC says: probes and their pace, the
# silence before an address counts as free, announcements, defence; and that
# it never answers, nor speaks for anybody else.
#
# The kernel is told not to speak ARP on the bridge, so that all of it is
# arpd's.

top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lib.sh
. "$top/tests/lib.sh"

world_enter "$0" "$@"
world_up
client_new c1 02:00:00:00:00:01
client_new evil 02:00:00:00:00:66
ip link set bw0 arp off
bridge=$(ip -o link show bw0 | sed 's/.*ether \([^ ]*\).*/\1/')

play()			# ARGUMENTS...
{
	in_client evil "$obj/tests/arpplay" eth0 "$@"
}

# All frames on the bridge until record_end, those that it sends in $tmp/sent.
record_begin()
{
	"$obj/tests/arpplay" bw0 record 600000 >"$tmp/record" &
	recorder=$!
	wait_until 5 grep -q listening "$tmp/record"
}

record_end()
{
	kill "$recorder"
	wait "$recorder" 2>/dev/null
	awk -v us="$bridge" '$3 == us' "$tmp/record" >"$tmp/sent"
	cat "$tmp/sent" >>"$tmp/all"
}

# Times of what it sent from one address about another.
sent()			# SENDER TARGET
{
	awk -v spa="$1" -v tpa="$2" '$11 == spa && $13 == tpa { print $1 }' \
	    "$tmp/sent"
}

# The times on standard input: so many, and so far apart.
apart()			# COUNT MIN MAX
{
	awk -v n="$1" -v min="$2" -v max="$3" '
		NR > 1 && ($1 - last < min || $1 - last > max) {
			print $1 - last, "ms apart"
			wrong = 1
		}
		{ last = $1 }
		END {
			if (NR != n)
				print NR, "times"
			exit(NR != n || wrong)
		}'
}

sent_apart()		# SENDER TARGET COUNT MIN MAX
{
	sent "$1" "$2" >"$tmp/times"
	apart "$3" "$4" "$5" <"$tmp/times"
}

uptime_ms()
{
	sed 's/ .*//; s/\.//; s/$/0/' /proc/uptime
}

figure()		# NAME
{
	ctl -j show status | tr ',{}' '\n' |
	    sed -n "s/^ *\"$1\": *//p" | tail -n 1
}

: >"$tmp/all"

# 1. The start.  300 addresses, of which 256 are proven in stock.
record_begin
start_bootward <<'END'
interface "bw0"
subnet 10.77.0.0/16 {
	range 10.77.1.0 - 10.77.2.43
	lease 1h
}
host "web3" {
	ethernet 02:00:00:00:00:03
	address 10.77.9.3
}
END
# How many proofs there are, at the least, at which time.
: >"$tmp/samples"
samples=0
while [ $((samples += 1)) -le 40 ]; do
	proven=$(figure proven)
	echo "$(uptime_ms) $proven" >>"$tmp/samples"
	sleep 0.3
done
record_end
ok "two announcements, two seconds apart" \
    sent_apart 10.77.0.1 10.77.0.1 2 1900 2600

# A proof takes two probes 100 ms apart for who is in a hurry, and three
# PROBE_MIN to PROBE_MAX apart for who is not.
cat >"$tmp/paces.awk" <<'AWK'
$11 == "0.0.0.0" {
	t[$13, n[$13]++] = $1
}
END {
	for (a in n) {
		gap = t[a, 1] - t[a, 0]
		if (n[a] > 1 && gap < 900) {
			hurried++
			if (gap < 95 || n[a] > 3) {
				print a, "in a hurry:", n[a], gap
				wrong = 1
			}
			print t[a, 1] + 150 > ends
			continue
		}
		calm++
		for (i = 1; i < n[a]; i++)
			if (t[a, i] - t[a, i - 1] < 995 ||
			    t[a, i] - t[a, i - 1] > 2900) {
				print a, "calmly:", t[a, i] - t[a, i - 1]
				wrong = 1
			}
		if (n[a] != 3) {
			print a, "calmly:", n[a], "probes"
			wrong = 1
		}
		print t[a, 2] + 2000 > ends
		if (first == 0 || t[a, 0] < first)
			first = t[a, 0]
		if (t[a, 0] > last)
			last = t[a, 0]
	}
	print hurried + 0, "in a hurry,", calm + 0, "calmly,", last - first, \
	    "ms between the first probes of these"
	exit(wrong || hurried < 16 || calm < 100 || last - first < 500)
}
AWK
paces()
{
	: >"$tmp/ends"
	awk -v ends="$tmp/ends" -f "$tmp/paces.awk" "$tmp/sent"
}
ok "probes: some in a hurry, the others at the pace of the RFC" paces
diag "$(cat "$tmp/ok.out")"

# At each sample, no more is proven than was asked for, and silent since.
never_early()
{
	sort -n "$tmp/ends" | awk -v samples="$tmp/samples" '
		{ end[n++] = $1 }
		END {
			while ((getline line <samples) > 0) {
				split(line, s, " ")
				while (i < n && end[i] <= s[1] + 10)
					i++
				if (s[2] > i) {
					print s[2], "proven, of", i, "at", s[1]
					exit(1)
				}
				seen = s[2]
			}
			print seen, "are proven"
			exit(seen < 250)
		}'
}
ok "nothing is proven before two seconds of silence, then all is" never_early
diag "$(cat "$tmp/ok.out")"
is "the reserved address is asked for, too" \
    "$(sent 0.0.0.0 10.77.9.3 | wc -l)" 3

# 2. What was proven in a hurry is asked for once more; then there is rest.
# From the start of this to its end a lease is not probed.
record_begin
ok "a lease" client_dhcp c1 -T 3
got=$(client_lease c1 ip)
sleep 35
record_end
once_more()
{
	awk '$11 == "0.0.0.0" && ++n[$13] > 3 { print $13; wrong = 1 }
	    END { exit(wrong) }' "$tmp/sent"
}
ok "no address is asked for again and again" once_more
ok "nor the one that is leased" [ "$(sent 0.0.0.0 "$got" | wc -l)" -le 1 ]
record_begin
sleep 20
record_end
probes=$(awk '$11 == "0.0.0.0"' "$tmp/sent" | wc -l)
diag "$probes probes in 20 seconds of rest"
ok "an idle segment has its rest: less than one probe a second" \
    [ "$probes" -lt 20 ]
is "a lease is not probed" "$(sent 0.0.0.0 "$got" | wc -l)" 0

# 3. Questions, by all who may ask, for addresses of every sort: no answer.
record_begin
for addr in 10.77.0.1 "$got" 10.77.1.200 10.77.9.3 10.77.200.1 192.0.2.1; do
	play ask "$addr" 02:00:00:00:00:66 5 10.77.5.5
	play ask "$addr" 02:00:00:00:00:66 5 192.0.2.66
	play probe "$addr" 02:00:00:00:00:66 5
done
sleep 1
record_end
answers()
{
	awk -v server="$server" '$11 != "0.0.0.0" && ($11 != server ||
	    $13 == "10.77.5.5" || $13 == "192.0.2.66")' "$tmp/sent"
}
is "no question is answered" "$(answers)" ""

# 4. A claim of a proven address: it is proven no more, and left alone.
record_begin
before=$(figure taken)
play claim 10.77.1.201 02:00:00:00:00:66 1
more_taken()
{
	[ "$(figure taken)" -gt "$before" ]
}
ok "a proven address is claimed: it is taken" wait_until 5 more_taken
sleep 3
record_end
is "nobody asks for it then" "$(sent 0.0.0.0 10.77.1.201 | wc -l)" 0

# 5. Defence: at once, then not for DEFEND_INTERVAL, in a storm of 22 seconds.
sleep 11
record_begin
begun=$(uptime_ms)
storm_ends=$(($(date +%s) + 22))
while [ "$(date +%s)" -lt "$storm_ends" ]; do
	play claim 10.77.0.1 02:00:00:00:00:66 50
	sleep 0.1
done
record_end
sent 10.77.0.1 10.77.0.1 >"$tmp/defended"
claims=$(grep -c ' 02:00:00:00:00:66 10.77.0.1 .* 10.77.0.1 ' "$tmp/record")
diag "$claims claims, defended after" \
    "$(awk -v t="$begun" '{ printf " %d ms", $1 - t }' "$tmp/defended")"
ok "our address is defended at once" \
    [ "$(($(head -n 1 "$tmp/defended") - begun))" -lt 1000 ]
defended=$(wc -l <"$tmp/defended")
ok "then every ten seconds" apart "$defended" 10000 14000 <"$tmp/defended"
ok "more than once, and no oftener" \
    [ $((defended == 2 || defended == 3)) -eq 1 ]
ok "the log says so in few lines" \
    [ "$(grep -c 'our address 10.77.0.1' "$log")" -le 4 ]

# 6. Addresses and links that come: announced, and no others.
record_begin
ip addr add 10.77.0.2/16 dev bw0
sleep 4
record_end
ok "a new address: two announcements" \
    sent_apart 10.77.0.2 10.77.0.2 2 1900 2600
is "of it alone" "$(sent 10.77.0.1 10.77.0.1 | wc -l)" 0
ip addr del 10.77.0.2/16 dev bw0
ip link set bw0 down
sleep 0.3
record_begin
ip link set bw0 up
sleep 5
record_end
ok "the link is there again: two announcements" \
    sent_apart 10.77.0.1 10.77.0.1 2 1900 2600
is "none of the address that went" "$(sent 10.77.0.2 10.77.0.2 | wc -l)" 0
old=$bridge
bridge=02:00:00:00:bb:bb
record_begin
ip link set bw0 address "$bridge"
sleep 4
record_end
ok "another Ethernet address: two announcements" \
    sent_apart 10.77.0.1 10.77.0.1 2 1900 2600

# 7. All that was sent, from the first frame to the last.
cat >"$tmp/all.awk" <<'AWK'
function bad(why)
{
	print why ":", $0
	wrong = 1
}
$2 != "ff:ff:ff:ff:ff:ff"		{ bad("not to all") }
$3 != old && $3 != new			{ bad("not from us") }
$4 != "0806"				{ bad("not ARP") }
$5 != 1 || $6 != "0800" || $7 != 6 || $8 != 4	{ bad("not IPv4") }
$9 != 1					{ bad("no question") }
$10 != $3				{ bad("of another machine") }
$11 != "0.0.0.0" && $11 !~ /^10\.77\.0\.[12]$/	{ bad("as another address") }
$12 != "00:00:00:00:00:00"		{ bad("a target is named") }
$11 == "0.0.0.0" && $13 !~ /^10\.77\.(1\.|2\.|9\.3$)/ { bad("not of the range") }
$14 != "zero" || $15 != 60		{ bad("padding") }
END { exit(wrong || NR < 500) }
AWK
ok "every octet of every frame" awk -v old="$old" -v new="$bridge" \
    -f "$tmp/all.awk" "$tmp/all"
diag "$(wc -l <"$tmp/all") frames of arpd"

finish "our (own )?address 10.77.0.1" "is used by 02:" "claimed" "02:.*:66"
