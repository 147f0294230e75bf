# shellcheck shell=sh
# SPDX-License-Identifier: ISC
#
# qemu.sh: a machine on the world's bridge, with real firmware; after lib.sh.
# One at a time: its tap is bwtap0, its serial console ends up in $console.

console=${tmp:?}/console
machine_pid=

# The tap that the machine's network card is plugged into.
machine_new()
{
	set -e
	if [ ! -e /dev/net/tun ]; then
		mkdir -p /dev/net
		mknod -m 600 /dev/net/tun c 10 200
	fi
	ip tuntap add dev bwtap0 mode tap
	ip link set bwtap0 master bw0 up
	truncate -s 64M "$tmp/disk"
	cp /usr/share/OVMF/OVMF_VARS_4M.fd "$tmp/ovmf.vars"
	set +e
}

# From power-on: SeaBIOS with the card's iPXE ROM, or OVMF's own network stack.
# The network comes first in the boot order, the disk next: where the machine
# goes is the server's decision at every power-on.
machine_on()		# bios|uefi|uefi-http MAC
{
	card="virtio-net-pci,netdev=lan,bootindex=1,mac=$2"
	firmware_words=
	case $1 in
	bios)
				set -- -machine pc,graphics=off
		;;
	uefi|uefi-http)
		# Without PXE the next that it knows is HTTP boot.
		[ "$1" = uefi ] || firmware_words="-fw_cfg
		    name=opt/org.tianocore/IPv4PXESupport,string=no
		    -fw_cfg name=opt/org.tianocore/IPv6PXESupport,string=no
		    -fw_cfg name=opt/org.tianocore/IPv6Support,string=no"
		card=$card,romfile=
		set -- -machine q35 \
		    -drive "if=pflash,unit=0,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd" \
		    -drive "if=pflash,unit=1,format=raw,file=$tmp/ovmf.vars"
		;;
	esac
	: >"$console"
	# shellcheck disable=SC2086 # a list of words
	qemu-system-x86_64 -accel tcg,thread=multi -smp 2 -m 1024 "$@" \
	    -nodefaults -no-user-config -vga none -display none -monitor none \
	    -serial "file:$console" \
	    -drive "if=none,id=disk,format=raw,file=$tmp/disk" \
	    -device virtio-blk-pci,drive=disk,bootindex=2 \
	    -netdev tap,id=lan,ifname=bwtap0,script=no,downscript=no \
	    $firmware_words -device "$card" </dev/null >"$tmp/qemu.log" 2>&1 &
	machine_pid=$!
}

machine_runs()
{
	runs "$machine_pid"
}

machine_off()
{
	[ -n "$machine_pid" ] || return 0
	kill -KILL "$machine_pid" 2>/dev/null
	wait "$machine_pid" 2>/dev/null
	machine_pid=
}

# What the serial console shows, without what moves the cursor.
console_text()
{
	sed 's/\x1b\[[0-9;?]*[A-Za-z]//g' "$console" | tr -d '\000-\010\013-\037'
}
