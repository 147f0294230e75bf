#!/bin/sh
# SPDX-License-Identifier: ISC
#
# The wall clock jumps, under running leases, over a restart and over a
# reboot: two days, fifty years, back to 1970, to 2038.  Nobody's address is
# given to anybody else, and lease times stay what they are.

top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/fault/fault.sh
. "$top/tests/fault/fault.sh"

world_enter "$0" "$@"
fault_up
client_new c1 02:00:00:00:00:01
day=86400

# Small, so that an address which looked free would be given at once.
cat >"$tmp/conf" <<'END'
interface "bw0"
subnet 10.77.0.0/16 {
	range 10.77.1.0 - 10.77.1.99
	probe off
	lease 1h
}
END

# Seconds that are added to the wall clock, and to the time since boot.
shift_clocks()		# WALL [BOOT]
{
	perl -e 'print pack("qq", map { $_ * 1000000 } @ARGV)' \
	    -- "$1" "${2:-0}" | dd of="$tmp/clocks" conv=notrunc 2>/dev/null
}

now()
{
	perl -e 'print time'
}

shift_clocks 0
cc -shared -fPIC -O2 -DCLOCKSHIFT="\"$tmp/clocks\"" \
    -o "$tmp/clockshift.so" "$top/tests/fault/clockshift.c" ||
    bail "no library for the clocks"
real=$(now)
echo "$tmp/clockshift.so" >/etc/ld.so.preload
shift_clocks "$day"
ok "the clock can be moved" [ "$(($(now) - real))" -ge "$day" ]
shift_clocks 0

start_bootward <"$tmp/conf"
storm_begin 100 -w 50
ok "100 clients have all 100 addresses" storm_end

# A stranger gets nothing; those who have one keep it.
nobody_else()
{
	in_client storm "$obj/tests/dhcpstorm" -d -f 5000 -n 3 -t 1 \
	    -o "$tmp/strangers" eth0 2>/dev/null
	[ ! -s "$tmp/strangers" ] || { echo "offered:"; cat "$tmp/strangers"; }
	[ ! -s "$tmp/strangers" ]
}

log_lines()
{
	wc -l <"$log"
}

for jump in "2 days on:$((2 * day))" "2 days back:$((-2 * day))" \
    "1970:$((-real + 1000))" "2038:$((2147483640 - real))" \
    "50 years on:$((50 * 365 * day))"; do
	name=${jump%:*}
	wall=${jump##*:}
	lines=$(log_lines)
	shift_clocks "$wall"
	sleep 0.5
	ok "$name: no address for anybody else" nobody_else
	ok "$name: those that have one keep it" storm_again
	ok "$name: no flood in the log" [ $(($(log_lines) - lines)) -lt 10 ]
	kill -KILL "$(bootward_pid_of store)"
	kill -KILL "$(bootward_pid_of dhcpd)"
	ok "$name, after a crash: all is well" wait_until 20 bootward_ready
	ok "$name, after a crash: those that have one keep it" storm_again
	stop_bootward
	start_bootward <"$tmp/conf"
	ok "$name, after a restart: no address for anybody else" nobody_else
	ok "$name: no lease lost, no address given twice" promises
done

# Reboots: another boot, a clock that begins anew, and a wall clock that was
# set by a battery that is flat, or that is right.
shift_clocks 0
sleep 0.2
ok "right again: those that have one keep it" storm_again
reboots=0
boot_shift=0
reboot()		# WALL BOOT
{
	kill -KILL "$bootward_pid"
	wait "$bootward_pid" 2>/dev/null
	wait_until 5 daemons_gone
	reboots=$((reboots + 1))
	printf '%08d-0000-4000-8000-000000000000\n' "$reboots" \
	    >"$tmp/boot_id.$reboots"
	mount --bind "$tmp/boot_id.$reboots" /proc/sys/kernel/random/boot_id
	boot_shift=$2
	shift_clocks "$1" "$2"
	start_bootward <"$tmp/conf"
}
up=$(perl -e 'open F, "/proc/uptime"; print int((split " ", <F>)[0])')
for jump in "right:0" "at 1970:$((-real + 100))" \
    "2 days back:$((-2 * day))"; do
	name=${jump%:*}
	reboot "${jump##*:}" "$((30 - up))"
	ok "a reboot, the clock $name: no address for anybody else" nobody_else
	ok "those that have one keep it" storm_again
	ok "no lease lost, no address given twice" promises
	# The network is there, and the clock is set.
	shift_clocks 0 "$boot_shift"
	sleep 0.2
	ok "the clock is set: no address for anybody else" nobody_else
	ok "those that have one keep it" storm_again
done

# Time that has really passed ends leases, on either side of a reboot.
reboot 7200 "$((30 - up))"
in_client storm "$obj/tests/dhcpstorm" -f 5000 -n 50 -w 10 -t 20 \
    -o "$tmp/later" eth0 2>"$tmp/storm.err"
is "two hours later addresses are free again" $? 0 ||
    diag "$(cat "$tmp/storm.err")"
finish '(store|dhcpd) was ended by signal 9' 'no address is free'
