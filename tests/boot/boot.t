#!/bin/sh
# SPDX-License-Identifier: ISC
#
# The demo's machine with BIOS firmware: from power-on to its answers, then on
# again without a new install, which must lead to its own disk.

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

is "the host is armed" "$(host_state)" armed
machine_on bios "$demo_mac"
for step in $steps; do
	ok "the machine gets to: $step" wait_until 300 event_seen "$step" ||
	    break
done
is "the host is installed" "$(host_state)" installed
machine_off
[ "$tap_failed" -eq 0 ] || machine_diag

# The second time.
: >"$tmp/events"
machine_on bios "$demo_mac"
ok "on again: sent to its own disk" wait_until 120 event_seen local
ok "its firmware tries the disk" wait_until 120 \
    console_has "Booting from Hard Disk"
ok "it gets no loader" not event_seen loader
ok "it gets no kernel" not event_seen kernel
is "the host is still installed" "$(host_state)" installed
[ "$tap_failed" -eq 0 ] || machine_diag
machine_off
finish
