#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Real firmware that gets its address from another server and boots from us:
# a PC's PXE ROM, and UEFI, which asks port 4011; both up to what their loader
# loads.

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

# The other server knows nothing of booting.
client_new theirs 02:00:00:00:01:00
in_client theirs ip addr add 10.77.0.2/16 dev eth0
in_client theirs dnsmasq --no-daemon --port=0 --user=root --interface=eth0 \
    --bind-interfaces --no-ping --dhcp-range=10.77.5.1,10.77.5.99,1h \
    --dhcp-option=3,10.77.0.1 --dhcp-leasefile="$tmp/theirs.leases" \
    >"$tmp/theirs.log" 2>&1 &
theirs=$!

start_bootward <<'END'
interface "bw0"
subnet 10.77.0.0/16 {
	proxy
}
other server 10.77.0.2
loader bios "pxelinux.0"
loader efi64 "debian-installer/amd64/bootnetx64.efi"
image "debian12" {
	kernel "debian12/linux"
	initrd "debian12/initrd.gz"
	append "console=ttyS0,115200n8 ---"
}
host "web1" {
	ethernet 52:54:00:00:00:01
	image "debian12"
}
END
demo_watch

# GRUB has its menu from the server of its address, so that UEFI ends there.
for firmware in bios uefi; do
	ctl cancel "$demo_host" >/dev/null
	ok "armed, $firmware" ctl install "$demo_host"
	: >"$tmp/events"
	machine_on "$firmware" "$demo_mac"
	case $firmware in
	bios)	steps="discover offer loader menu kernel" ;;
	uefi)	steps="discover offer ack loader" ;;
	esac
	for step in $steps; do
		ok "$firmware gets to: $step" wait_until 120 \
		    event_seen "$step" || break
	done
	is "the host is booting, $firmware" "$(host_state)" booting
	[ "$firmware" = bios ] || ok "by port 4011, to what shim loads" \
	    wait_until 60 grep -q '"loader".*/grubx64.efi"' "$tmp/events"
	machine_off
	[ "$tap_failed" -eq 0 ] || machine_diag
done
is "its address is the other server's" "$(grep -c "$demo_mac" \
    "$tmp/theirs.leases")" 1
is "and no lease of ours" "$(ctl -j show leases | grep -c 10.77.5)" 0

kill "$theirs"
finish
