#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Options of the configuration on the wire: which of several places counts,
# routes and search lists as their RFCs want them, values in several pieces,
# and what "explain" knows of them.

top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lib.sh
. "$top/tests/lib.sh"

world_enter "$0" "$@"
world_up
client_new c1 02:00:00:00:00:01

long=$(head -c 1024 /dev/zero | tr '\0' x)
cat >"$tmp/conf" <<END
interface "bw0"
option 3 address 10.77.9.1
option 6 address 10.77.9.2
option 15 text "all.example"
option 42 address 10.77.9.3
option 224 text "all"
option 225 text "all"
option 226 text "all"
option 227 text "all"
subnet 10.77.0.0/16 {
	range 10.77.1.0 - 10.77.1.31
	router 10.77.0.1
	domain "subnet.example"
	probe off
	option 58 u32 600
	option 225 text "subnet"
	option 226 text "subnet"
	option 227 text "subnet"
	option 121 route 10.0.0.0/8 10.77.0.1 default 10.77.0.1 \\
		10.77.7.0/24 0.0.0.0
	option 119 domain "eng.apple.com" "marketing.apple.com"
}
group "g" {
	option 226 text "group"
	option 227 text "group"
	host "a" {
		ethernet 02:00:00:00:00:0a
		option 227 text "host"
		option 3 address 10.77.9.9
		option 12 text "called"
		option 230 text "$long"
	}
	host "b" {
		ethernet 02:00:00:00:00:0b
	}
}
host "c" {
	ethernet 02:00:00:00:00:0c
	option 6 address 10.77.9.4
}
END
start_bootward <"$tmp/conf"

# A field of the answer, or an option in hex; one in pieces is put together.
field()			# NAME
{
	tr ' ' '\n' <"$tmp/answer" | sed -n "s/^$1=//p" | tr -d '\n'
}

# An ACK for that MAC, as it asks for these options.
ack()			# MAC PARAMETER-REQUEST-LIST
{
	in_client c1 "$obj/tests/dhcpplay" eth0 "$1" discover "55=$2" \
	    57=05dc >"$tmp/answer" || return 1
	in_client c1 "$obj/tests/dhcpplay" eth0 "$1" request "55=$2" \
	    "50=$(field yiaddr)" 54=10.77.0.1 57=05dc >"$tmp/answer" &&
	    grep -q '^ack ' "$tmp/answer"
}

text()			# NAME
{
	field "$1" | sed 's/../\\x&/g' >"$tmp/hex"
	# shellcheck disable=SC2059
	printf "$(sed 's/\\x/\n/g' "$tmp/hex" | awk 'NF {
		n = 0
		for (i = 1; i <= 2; i++)
			n = n * 16 + index("0123456789abcdef",
			    substr($0, i, 1)) - 1
		printf "\\%03o", n }')"
}

options()		# NAME...
{
	for option; do
		printf '%s=%s ' "$option" "$(text "$option")"
	done
}

asked=03060f0c3ae0e1e2e3e6
for list in $asked 01; do
	ok "an ACK for an unknown machine, $list" \
	    ack 02:00:00:00:00:01 "$list"
	is "the subnet's statement before the file's option" \
	    "$(field 3)" 0a4d0001
	is "the file's option where the subnet says nothing" \
	    "$(field 6)" 0a4d0902
	is "the subnet's domain" "$(text 15)" subnet.example
	is "T1 of the configuration" "$(field 58)" 00000258
	is "the file's and the subnet's" "$(options 224 225 226 227)" \
	    "224=all 225=subnet 226=subnet 227=subnet "
	ok "an ACK for a host in a group" ack 02:00:00:00:00:0a "$list"
	is "the host's, its group's, its subnet's, the file's" \
	    "$(options 224 225 226 227 12)" \
	    "224=all 225=subnet 226=group 227=host 12=called "
	is "the host's own router" "$(field 3)" 0a4d0909
	is "a value of 1024 octets" "$(text 230)" "$long"
	ok "an ACK for another host of the group" ack 02:00:00:00:00:0b \
	    "$list"
	is "the group's and the rest" "$(options 224 225 226 227 12 230)" \
	    "224=all 225=subnet 226=group 227=group 12=b 230= "
	is "its subnet's router" "$(field 3)" 0a4d0001
	ok "an ACK for a host without a group" ack 02:00:00:00:00:0c "$list"
	is "its own name servers" "$(field 6)" 0a4d0904
	is "the subnet's and the file's" "$(options 224 225 226 227)" \
	    "224=all 225=subnet 226=subnet 227=subnet "
done

is "routes (RFC 3442)" "$(field 121)" \
    "080a0a4d0001000a4d0001180a4d0700000000"
is "a search list (RFC 3397)" "$(field 119)" \
    "03656e67056170706c6503636f6d00096d61726b6574696e67c004"

# Where the options of an answer come from.
ok "explain" ctl explain 02:00:00:00:00:0a
ctl explain 02:00:00:00:00:0a >"$tmp/explained"
for line in 'all.*bootward.conf:6' 'subnet.*bootward.conf:16' \
    'group.*bootward.conf:24' 'host.*bootward.conf:28'; do
	ok "explain: $line" grep -q "$line" "$tmp/explained"
done
sed 's/^/# /' "$tmp/explained"

finish
