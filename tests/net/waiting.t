#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Addresses are proven while their client waits: it is answered as soon as
# that is done, not with its next try, and by another address when somebody
# uses the first.

top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lib.sh
. "$top/tests/lib.sh"
world_enter "$0" "$@"
world_up
client_new c1 02:00:00:00:00:01
client_new squatter 02:00:00:00:00:02

figure()		# NAME
{
	ctl -j show status | tr ',{}' '\n' | sed -n "s/.*\"$1\": *//p" |
	    head -n 1
}

# One DISCOVER, no second one.
discover()		# LAST-OCTET-OF-MAC
{
	in_client c1 "$obj/tests/dhcpplay" eth0 "02:00:00:00:01:$1" discover \
	    wait=5000 >"$tmp/answer"
}

offered()
{
	sed -n 's/^offer .*yiaddr=\([0-9.]*\) .*/\1/p' "$tmp/answer"
}

conf()			# RANGE PROBE
{
	cat <<END
interface bw0
subnet 10.77.0.0/16 {
	range $1
	probe $2
}
END
}

conf "10.77.1.0 - 10.77.1.7" always >"$tmp/conf"
start_bootward <"$tmp/conf"
ok "one DISCOVER gets an OFFER" discover 01
is "of the first address" "$(offered)" 10.77.1.0
ok "because it was proven" [ "$(figure answered-on-proof)" -eq 1 ]
offered >"$tmp/offered"
for n in 02 03 04 05; do
	ok "so does the next one" discover "$n"
	offered >>"$tmp/offered"
done
is "with different addresses" \
    "$(sort -u "$tmp/offered" | grep -c '^10\.77\.1\.')" 5

in_client squatter ip addr add 10.77.2.0/16 dev eth0
conf "10.77.2.0 - 10.77.2.7" always >/etc/bootward.conf
ok "there are other addresses now" ctl reload
ok "one DISCOVER gets an OFFER" discover 11
ok "of one that nobody uses" [ "$(offered)" != 10.77.2.0 ]
is "the first was used" "$(figure conflicts)" 1

# Whose an address is by right waits for nothing, also when somebody sits on
# it; but it does not get it.
in_client squatter ip addr add 10.77.3.9/16 dev eth0
cat >/etc/bootward.conf <<'END'
interface bw0
subnet 10.77.0.0/16 {
	range 10.77.3.0 - 10.77.3.7
}
host "web1" {
	ethernet 02:00:00:00:01:21
	address 10.77.3.9
}
END
ok "an address is reserved that somebody uses" ctl reload
probing=$(figure probing)
ok "its host asks" discover 21
is "and is offered it" "$(offered)" 10.77.3.9
is "at once" "$(figure probing)" "$probing"
conflict_seen()
{
	[ "$(figure conflicts)" -ge 2 ]
}
ok "that it is in use is found meanwhile" wait_until 5 conflict_seen
in_client c1 "$obj/tests/dhcpplay" eth0 02:00:00:00:01:21 request \
    50=10.77.3.9 54=10.77.0.1 >"$tmp/answer"
is "so it is refused" "$(kind)" nak
ok "its host asks again" discover 21
ok "and gets another one" [ "$(offered)" != 10.77.3.9 ]
finish 'is used by' 'is claimed by' 'does not get its reserved address'
