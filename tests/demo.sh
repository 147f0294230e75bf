#!/bin/sh
# SPDX-License-Identifier: ISC
#
# demo.sh [bios|uefi]: a machine with an empty disk goes from power-on to its
# answer file through bootward, in a world of its own; "make demo" runs this.

top=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=tests/lib.sh
. "$top/tests/lib.sh"
# shellcheck source=tests/qemu.sh
. "$top/tests/qemu.sh"
# shellcheck source=tests/demo/installer.sh
. "$top/tests/demo/installer.sh"

firmware=${1:-bios}
limit=600			# seconds; two minutes are usual

case $firmware in
bios)	chain="SeaBIOS, iPXE ROM, pxelinux" ;;
uefi)	chain="OVMF, shim, GRUB" ;;
*)	echo "usage: demo.sh [bios|uefi]" >&2; exit 2 ;;
esac

world_enter "$0" "$@"

bold='' plain='' clear=''
if [ -t 1 ]; then
	bold=$(printf '\033[1m') plain=$(printf '\033[0m')
	clear=$(printf '\r\033[K')
fi

# DESIGN 1 counts eleven steps; this is what is seen of each.
step_number()		# STEP
{
	case $1 in
	discover)	echo 1 ;;
	offer|ack)	echo 2 ;;
	arp)		echo 3 ;;
	loader)		echo 4-6 ;;
	menu)		echo 7 ;;
	kernel|initrd)	echo 8 ;;
	answer)		echo 9 ;;
	packages)	echo 10 ;;
	done)		echo 11 ;;
	esac
}

# What it most likely means that a step was not seen.
step_missing()		# STEP
{
	case $1 in
	discover) echo "the firmware sent no DHCPDISCOVER: does it run at all?" ;;
	offer)	echo "dhcpd had no address to offer, or arpd has proven none free" ;;
	ack)	echo "the firmware took no offer, or the store commits nothing" ;;
	arp)	echo "arpd saw no ARP from the machine" ;;
	loader)	echo "the firmware got no boot file: see the offer and tftpd" ;;
	menu)	echo "the loader asked for no menu, or tftpd made none" ;;
	kernel)	echo "the loader did not finish the kernel" ;;
	initrd)	echo "the loader did not finish the initrd" ;;
	answer)	echo "the installer did not ask ksd for its answers" ;;
	packages) echo "the installer did not look for packages" ;;
	done)	echo "the answers' early command did not say done" ;;
	esac
}

seconds_since()		# MICROSECONDS: those since power-on, as 12.3
{
	tenths=$((($1 - power_on) / 100000))
	[ "$tenths" -ge 0 ] || tenths=0
	echo "$((tenths / 10)).$((tenths % 10))"
}

now_us()
{
	echo $(($(date +%s%N) / 1000))
}

show()			# SECONDS NUMBER STEP TEXT
{
	printf '%s%9s  %5s  %s%-9s%s %.90s\n' "$clear" "$1" "$2" \
	    "$bold" "$3" "$plain" "$4"
}

# On a terminal one line that moves, else a line for every quarter.
show_progress()		# SECONDS STEP PERCENT TEXT
{
	if [ -n "$clear" ]; then
		printf '%s%9s  %5s  %-9s %3d %% %.70s' "$clear" "$1" \
		    "$(step_number "$2")" "$2" "$3" "$4"
	elif [ $(($3 / 25)) -gt "$quarter" ]; then
		quarter=$(($3 / 25))
		printf '%9s  %5s  %-9s %3d %% %.70s\n' "$1" \
		    "$(step_number "$2")" "$2" "$3" "$4"
	fi
}

show_event()		# LINE
{
	event_get "$1" step
	step=$value
	event_get "$1" percent
	percent=$value
	event_get "$1" time
	when=$(seconds_since "$value")
	event_get "$1" text
	if [ "${percent:-100}" -lt 100 ]; then
		show_progress "$when" "$step" "$percent" "$value"
		return
	fi
	quarter=0
	number=$(step_number "$step")
	case " $seen " in
	*" $step "*)
		# Once each, but for the several files of a loader.
		[ "$step" = loader ] || number=
		;;
	*)
		[ -z "$number" ] || seen="$seen $step"
		;;
	esac
	case $step in
	ticket|note|refused|conflict|error)
		number=-
		;;
	esac
	[ -z "$number" ] || show "$when" "$number" "$step" "$value"
}

first_missing()
{
	for step in $steps; do
		case " $seen " in
		*" $step "*)	;;
		*)		echo "$step"; return ;;
		esac
	done
}

# The monitor ends when the time is up, or the machine or bootward is gone.
watchdog()
{
	end=$(($(date +%s) + limit))
	while machine_runs && bootward_alive && [ "$(date +%s)" -lt "$end" ]; do
		sleep 1
	done
	kill "$monitor" 2>/dev/null
}

explain()		# STEP
{
	echo
	echo "FAILED: step $(step_number "$1"), $1, was not seen:" \
	    "$(step_missing "$1")"
	machine_runs || { echo "the machine is off:"; cat "$tmp/qemu.log"; }
	bootward_alive || echo "bootward is not running any more"
	echo; echo "last events:"; tail -n 8 "$tmp/events"
	echo; echo "bootward's log:"; tail -n 30 "$log"
	echo; echo "the machine's console:"; console_text | tail -n 20 | cut -c 1-160
}

start_failed()
{
	cat "$tmp/start.out"
	echo "FAILED: bootward does not run, or $demo_host cannot be armed"
}

cat <<END
${bold}bootward demo: a machine from power-on to its answer file, unattended$plain

  server   bootward on $server: dhcpd, arpd, tftpd, ksd and store, none as root
  machine  $demo_host, $demo_mac, empty disk, in QEMU: $chain
  system   Debian 12's installer, its answers from etc/answers/debian

  seconds   step
END

trap start_failed EXIT
demo_start >"$tmp/start.out" 2>&1
trap - EXIT

mkfifo "$tmp/monitor"
"$obj/bootwardctl" -j monitor >"$tmp/monitor" &
monitor=$!
exec 3<"$tmp/monitor"

seen='' quarter=0
power_on=$(now_us)
machine_on "$firmware" "$demo_mac"
show 0.0 - power "on"
watchdog &

while [ -n "$(first_missing)" ] && read -r line <&3; do
	echo "$line" >>"$tmp/events"
	show_event "$line"
done
took=$(seconds_since "$(now_us)")
missing=$(first_missing)
if [ -n "$missing" ]; then
	explain "$missing"
	exit 1
fi
machine_off
kill "$monitor" 2>/dev/null
stop_bootward
echo
echo "${bold}All eleven steps in $took seconds$plain, with no hand on the machine."
