#!/bin/sh
# SPDX-License-Identifier: ISC
#
# What a boot ROM does without an IPv6 router: told that there is none it goes
# on at once; with "ipv6 quiet" it waits for one.

top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lib.sh
. "$top/tests/lib.sh"
# shellcheck source=tests/qemu.sh
. "$top/tests/qemu.sh"
# shellcheck source=tests/demo/installer.sh
. "$top/tests/demo/installer.sh"

world_enter "$0" "$@"
demo_start
demo_watch

# Milliseconds from its address to its loader.
gap()
{
	event_get "$(grep '"step":"ack"' "$tmp/events" | head -n 1)" time
	acked=$value
	event_get "$(grep '"step":"loader"' "$tmp/events" | head -n 1)" time
	echo $(((value - acked) / 1000))
}

# To its loader, no further; what was said about routers is in $tmp/nd.
boot()
{
	: >"$tmp/events"
	"$obj/tests/ndplay" bw0 listen 300000 >"$tmp/nd" &
	listener=$!
	machine_on bios "$demo_mac"
	ok "$1: the machine loads its loader" wait_until 180 event_seen loader ||
	    machine_diag
	machine_off
	kill "$listener"
	wait "$listener" 2>/dev/null
	ms=$(gap)
	diag "$1: $ms ms from address to loader, $(solicits) solicitations"
}

solicits()
{
	grep -c " solicit $demo_mac " "$tmp/nd"
}

# How often arpd said that there is none.
adverts()
{
	counter advertisements-sent arpd
}

boot "told"
told=$ms told_solicits=$(solicits) told_adverts=$(adverts)
ok "it looked for a router" [ "$told_solicits" -ge 1 ]
ok "and was told" [ "$told_adverts" -ge 1 ]
ok "that was enough for it" [ "$told_solicits" -le 3 ]

sed '1i ipv6 quiet' "$top/tests/demo/bootward.conf" >/etc/bootward.conf
ok "ipv6 quiet" ctl reload
ok "cancelled" ctl cancel "$demo_host"
ok "armed again" ctl install "$demo_host"
boot "quiet"
is "nobody answers" "$(adverts)" "$told_adverts"
ok "it asks again and again" [ "$(solicits)" -ge 4 ]
ok "and is slower" [ "$ms" -gt "$told" ]
saved=$(((ms - told) / 100))
diag "saved: $((saved / 10)).$((saved % 10)) seconds"
finish
