#!/bin/sh
# SPDX-License-Identifier: ISC
#
# deps.sh WHAT...: have what building, testing, the demo or linting need.
#
#	build test fuzz demo lint  Debian packages, by apt-get, if any are missing
#	bench			the same, with the servers to measure beside ours
#	users			the system users of etc/sysusers.d/bootward.conf
#
# Nothing here brings a daemon that would start: isc-dhcp-client and tftp-hpa
# are clients, udhcpc is one file, and --no-install-recommends keeps the rest out.
# The servers that bench brings are kept from starting, now and after a reboot.

set -eu

top=$(cd "$(dirname "$0")/.." && pwd)

build="gcc libc6-dev make bison libbsd-dev libevent-dev libnl-3-dev
    libnl-route-3-dev libseccomp-dev libsqlite3-dev"
boot="debian-installer-12-netboot-amd64 ipxe-qemu iproute2 ovmf passwd procps
    pxelinux qemu-system-x86 seabios syslinux-common util-linux"
clients="curl debconf dhcpcd-base dnsmasq-base isc-dhcp-client isc-dhcp-relay
    tftp-hpa udhcpc wget"
fuzz="clang-14 libclang-rt-14-dev"
lint="clang-tidy cppcheck mandoc shellcheck"
servers="isc-dhcp-server kea-dhcp4-server udhcpd"
bench="dnsmasq-base $servers iproute2 linux-perf procps sqlite3 strace
    util-linux"

die()
{
	echo "deps.sh: $*" >&2
	exit 1
}

packages_of()
{
	case $1 in
	build)	echo "$build" ;;
	demo)	echo "$build" "$boot" ;;
	fuzz)	echo "$build" "$fuzz" ;;
	test)	echo "$build" "$boot" "$clients" "$fuzz" \
	    "e2fsprogs mandoc perl sqlite3 strace" ;;
	lint)	echo "$build" "$lint" ;;
	bench)	echo "$build" "$bench" ;;
	*)	die "usage: deps.sh build|test|fuzz|demo|lint|bench|users ..." ;;
	esac
}

# Those of the packages named that are not installed, one line.
missing_of()
{
	missing=
	for p; do
		dpkg-query -W -f='${db:Status-Abbrev}' "$p" 2>/dev/null |
		    grep -q '^.i' || missing="$missing $p"
	done
	echo "${missing# }"
}

# A unit that leads nowhere is never started.
keep_stopped()		# PACKAGE
{
	unit=/etc/systemd/system/$1.service
	[ -e "$unit" ] || [ -L "$unit" ] || {
		mkdir -p /etc/systemd/system
		ln -s /dev/null "$unit"
	}
}

install_packages()
{
	command -v dpkg-query >/dev/null ||
	    die "no dpkg here; needed are the equivalents of: $*"
	missing=$(missing_of "$@")
	[ -n "$missing" ] || return 0
	command -v apt-get >/dev/null || die "missing packages: $missing"
	[ "$(id -u)" = 0 ] ||
	    die "missing packages (run as root, or install them): $missing"

	for p in $servers isc-dhcp-relay; do
		case " $missing " in
		*" $p "*) keep_stopped "$p" ;;
		esac
	done
	echo "installing: $missing"
	export DEBIAN_FRONTEND=noninteractive
	log=$(mktemp)
	# shellcheck disable=SC2086 # a list of package names
	if ! { apt-get -qq -o DPkg::Lock::Timeout=300 update &&
	    apt-get -qq -y -o DPkg::Lock::Timeout=300 \
	    --no-install-recommends install $missing; } >"$log" 2>&1; then
		cat "$log" >&2
		rm -f "$log"
		die "apt-get could not install: $missing"
	fi
	rm -f "$log"
}

# Each "u NAME ..." line of the sysusers.d file is a user and its group.
install_users()
{
	file=$top/etc/sysusers.d/bootward.conf
	[ -r "$file" ] || die "$file: cannot read it"
	users=$(awk '$1 ~ /^u!?$/ { print $2 }' "$file")
	for user in $users; do
		! getent passwd "$user" >/dev/null || continue
		[ "$(id -u)" = 0 ] || die "missing system user: $user"
		useradd --system --user-group --no-create-home \
		    --home-dir /var/empty --shell /usr/sbin/nologin \
		    --comment bootward "$user"
	done
}

[ $# -gt 0 ] || packages_of ""
for what; do
	if [ "$what" = users ]; then
		install_users
	else
		list=$(packages_of "$what")
		# shellcheck disable=SC2086 # a list of package names
		install_packages $list
	fi
done
