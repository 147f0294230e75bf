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

conf()			# RANGE
{
	cat <<END
interface bw0
subnet 10.77.0.0/16 {
	range $1
	probe always
}
END
}

conf "10.77.1.0 - 10.77.1.7" >"$tmp/conf"
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
conf "10.77.2.0 - 10.77.2.7" >/etc/bootward.conf
ok "there are other addresses now" ctl reload
ok "one DISCOVER gets an OFFER" discover 11
ok "of one that nobody uses" [ "$(offered)" != 10.77.2.0 ]
is "the first was used" "$(figure conflicts)" 1
finish 'is used by'
