#!/bin/sh
# SPDX-License-Identifier: ISC
#
# A machine with UEFI firmware: shim, GRUB and its menu, kernel and initrd;
# then on again after a cancel, which must lead to its own disk.

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

machine_on uefi "$demo_mac"
for step in discover offer ack arp loader menu kernel initrd; do
	ok "the machine gets to: $step" wait_until 120 event_seen "$step" ||
	    break
done
is "the host is booting" "$(host_state)" booting
machine_off
[ "$tap_failed" -eq 0 ] || machine_diag

# The second time.
ok "the installation is cancelled" ctl cancel "$demo_host"
is "the host is local" "$(host_state)" local
: >"$tmp/events"
machine_on uefi "$demo_mac"

# It takes no offer that has no boot file, so that an OFFER is all there is.
ok "on again: sent to its own disk" wait_until 60 event_seen local
ok "its firmware goes on" wait_until 200 console_has "Start PXE over IPv6"
ok "it gets no loader" not event_seen loader
is "the host is still local" "$(host_state)" local
[ "$tap_failed" -eq 0 ] || machine_diag
machine_off
finish
