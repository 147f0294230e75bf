#!/bin/sh
# SPDX-License-Identifier: ISC
#
# 2,000 machines are switched on at once, on a /20, and every address is
# proven free before it is offered: no address is offered to two, nobody is
# refused, all get one.  Then all come back after a power cut.

top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/fault/fault.sh
. "$top/tests/fault/fault.sh"

world_enter "$0" "$@"
fault_up
cat >"$tmp/conf" <<'END'
interface "bw0"
subnet 10.77.0.0/16 {
	range 10.77.16.0 - 10.77.31.255
	lease 1h
}
END
machines=${MACHINES:-2000}

start_bootward <"$tmp/conf"
storm_begin "$machines" -w "$machines" -r 100000
ok "$machines machines at once: all get an address" storm_end
diag "$(cat "$tmp/storm.err")"
ok "nobody is refused" grep -q ' 0 naks,' "$tmp/storm.err"
ok "no address is offered to two" grep -q ' 0 double offers,' "$tmp/storm.err"
ok "no lease lost, no address given twice" promises
is "no offer was without a proof" "$(counter unproven)" 0
diag "$(counter offer) offers, $(counter answered-on-proof) waited for a proof"
ok "all come back at once" storm_again -r 100000
diag "$(cat "$tmp/storm.err")"
finish
