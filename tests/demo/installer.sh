# shellcheck shell=sh
# SPDX-License-Identifier: ISC
#
# installer.sh: what the demo and the boot tests have in common, after lib.sh
# and qemu.sh: Debian's loaders and installer in the roots, bootward with the
# demo's configuration, and the events of the machine.

: "${top:?}" "${tmp:?}" "${obj:?}"
di=/usr/lib/debian-installer/images/12/amd64/text/debian-installer/amd64
demo_host=web1
export demo_mac=52:54:00:00:00:01
export steps="discover offer ack arp loader menu kernel initrd answer packages done"

# The menus of the installer's package are left out: ours are rendered.
demo_root()
{
	set -e
	boot=/srv/bootward/boot
	grub=$boot/debian-installer/amd64/grub
	mkdir -p "$boot/debian12" "$grub"
	cp /usr/lib/PXELINUX/pxelinux.0 \
	    /usr/lib/syslinux/modules/bios/ldlinux.c32 "$boot"
	cp "$di/bootnetx64.efi" "$di/grubx64.efi" "$boot/debian-installer/amd64"
	cp -r "$di/grub/x86_64-efi" "$grub"
	cp "$di/linux" "$di/initrd.gz" "$boot/debian12"

	dist=/srv/bootward/www/debian12/dists/bookworm
	mkdir -p "$dist/main/binary-amd64"
	demo_release >"$dist/Release"
	printf '%s\n' "Archive: stable" "Origin: Debian" "Label: Debian" \
	    "Component: main" "Architecture: amd64" \
	    >"$dist/main/binary-amd64/Release"
	install -m 755 "$top/etc/answers/debian" /etc/bootward/answers/debian
	set +e
}

# Debian's own Release file if apt has it, else a short one.
demo_release()
{
	for list in /var/lib/apt/lists/*_dists_bookworm_InRelease; do
		if [ -r "$list" ]; then
			sed -e '1,/^$/d' -e '/^-----BEGIN PGP SIG/,$d' "$list"
			return
		fi
	done
	printf '%s\n' "Origin: Debian" "Label: Debian" "Suite: oldstable" \
	    "Version: 12.0" "Codename: bookworm" \
	    "Date: Sat, 10 Jun 2023 08:53:33 UTC" "Architectures: amd64" \
	    "Components: main"
}

# All up to the armed host: what happens next is the machine's doing.
demo_start()
{
	world_up
	machine_new
	demo_root
	start_bootward "$@" <"$top/tests/demo/bootward.conf"
	ctl install "$demo_host" >"$tmp/install" || bail "cannot arm $demo_host"
}

# A member of a line of "bootwardctl -j monitor": its value is in $value.
event_get()		# LINE MEMBER
{
	value=
	case $1 in
	*"\"$2\":"*)
		value=${1#*"\"$2\":"}
		value=${value# }
		case $value in
		\"*)	value=${value#\"}; value=${value%%\"*} ;;
		*)	value=${value%%[,\}]*} ;;
		esac
		;;
	esac
}

# All events from now on, in $tmp/events.
demo_watch()
{
	"$obj/bootwardctl" -j monitor >>"$tmp/events" 2>&1 &
}

# It has come to its end, where there is one.
event_seen()		# STEP
{
	grep '"percent":100' "$tmp/events" | grep -q "\"step\":\"$1\""
}

host_state()
{
	event_get "$(ctl -j show hosts)" state
	echo "$value"
}

console_has()		# PATTERN
{
	console_text | grep -q "$1"
}

machine_diag()
{
	diag "events:"
	tail -n 20 "$tmp/events" | sed 's/^/# /'
	diag "the machine's console:"
	console_text | tail -n 20 | sed 's/^/# /'
	echo		# its last line may be half a line
}
