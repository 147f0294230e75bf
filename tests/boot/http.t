#!/bin/sh
# SPDX-License-Identifier: ISC
#
# UEFI HTTP boot: no TFTP at all, from the URL in the answer to the loader.

top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lib.sh
. "$top/tests/lib.sh"
# shellcheck source=tests/qemu.sh
. "$top/tests/qemu.sh"
# shellcheck source=tests/demo/installer.sh
. "$top/tests/demo/installer.sh"

world_enter "$0" "$@"
world_up
machine_new
demo_root
start_bootward <<'END'
interface "bw0"
subnet 10.77.0.0/16 {
	range 10.77.1.0 - 10.77.1.63
}
loader efi64-http "debian-installer/amd64/bootnetx64.efi"
image "debian12" {
	kernel "debian12/linux"
	initrd "debian12/initrd.gz"
}
host "web1" {
	ethernet 52:54:00:00:00:01
	address 10.77.2.1
	image "debian12"
}
END
demo_watch
ok "armed" ctl install "$demo_host"
machine_on uefi-http "$demo_mac"
for step in discover offer ack loader; do
	ok "the machine gets to: $step" wait_until 120 event_seen "$step" ||
	    break
done
ok "by the URL of the answer" grep -q \
    'boot file http://10.77.0.1/boot/debian-installer/amd64/bootnetx64.efi' \
    "$tmp/events"
is "the host is booting" "$(host_state)" booting
machine_off
[ "$tap_failed" -eq 0 ] || machine_diag
finish
