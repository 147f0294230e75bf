#!/bin/sh
# SPDX-License-Identifier: ISC
#
# A disk that fails: fdatasync(2) says EIO always or now and then, takes two
# seconds, or the filesystem becomes read-only.  No lease is acknowledged that
# is not on disk, offers go on, and when the disk works again, so does all.

top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/fault/fault.sh
. "$top/tests/fault/fault.sh"

world_enter "$0" "$@"
fault_up
client_new late 02:00:00:00:00:03
trials_begin 2 "disks that fail now and then"

# What the store asks of the disk goes wrong.  It may call nothing that its
# sandbox does not know, so another harmless call takes the place.
disk_inject()		# INJECTION
{
	strace -qq -o "$tmp/strace" -p "$(bootward_pid_of store)" \
	    -e trace=fdatasync,fsync -e "inject=fdatasync,fsync:$1" \
	    2>"$tmp/strace.err" &
	injector=$!
	wait_until 10 disk_injected || bail "strace does not work"
}

disk_injected()
{
	grep -q '^TracerPid:.*[1-9]' "/proc/$(bootward_pid_of store)/status"
}

disk_heal()
{
	kill -INT "$injector" 2>/dev/null
	wait "$injector" 2>/dev/null
}

start_bootward <"$tmp/conf"
storm_begin 300 -w 32
ok "clients get leases" storm_end

# 1. No fdatasync succeeds.
disk_inject error=EIO:syscall=getpid
storm_begin 300 -w 32
sleep 3
ok "EIO: nobody is told of a lease" [ ! -s "$storm_file" ]
ok "EIO: the log says why" log_says 'commit of .*Input/output error'
ok "EIO: and that leases are not granted" \
    log_says 'could not keep .* leases: Input/output error'
ok "EIO: it was the disk" grep -q INJECTED "$tmp/strace"
disk_heal
ok "the disk works again: all get leases by themselves" storm_end
ok "no lease lost, no address given twice" promises

# 2. Some do: every third to sixth is an error.  A commit at the start
# of the write-ahead log takes two, of the log's header and of the rest: if
# every second failed, that could be the second of every commit, for ever.
trials_done=0
while trials_left; do
	disk_inject "error=EIO:syscall=getpid:when=$((2 + $(random 4)))+$((3 + \
	    $(random 4)))"
	storm_begin 1000 -w 64 -r 2000
	trial "clients get leases" storm_end
	doze 100
	kill -KILL "$(bootward_pid_of store)"
	disk_heal
	trial "all is well again" wait_until 30 bootward_ready
	trial "after a kill" promises
	trials_done=$((trials_done + 1))
done
trials_end "disks that fail now and then"
bootward_pids >"$tmp/pids"

# 3. Each takes two seconds.  One client renews, changes its mind while
# that is on its way to the disk, and says so only once.
late_bound()
{
	[ -s "$tmp/lease.late.bound" ]
}
late_is_over()
{
	ctl -j show leases | tr '{' '\n' |
	    grep "\"$(client_lease late ip)\"" | not grep -q bound
}
BW_LEASE=$tmp/lease.late ip netns exec late udhcpc -f -R -i eth0 \
    -s "$tmp/udhcpc.script" >/dev/null 2>&1 &
late_pid=$!
ok "a client has a lease" wait_until 30 late_bound
disk_inject delay_exit=2000000
storm_begin 400 -w 400
sleep 0.5
ok "slow: offers do not wait for the disk" ip netns exec storm \
    "$obj/tests/dhcpstorm" -d -f 50000 -n 200 -w 200 -t 20 -o /dev/null eth0
ok "slow: clients get leases" storm_end
kill -USR1 "$late_pid"
sleep 0.7
kill -TERM "$late_pid"
wait "$late_pid"
ok "slow: a lease that is given up while it is renewed ends" \
    wait_until 30 late_is_over
disk_heal
ok "no lease lost, no address given twice" promises
check_alive 'commit of .*Input/output error' 'the store could not keep' \
    'more lines like' 'store was ended by signal 9' 'database'
stop_bootward

# 4. The filesystem is aborted, and read-only from then on.
state=/var/lib/bootward
truncate -s 48m "$tmp/disk"
mkfs.ext4 -q -F "$tmp/disk" || bail "mkfs.ext4 does not work"
rm -rf "$state"
mkdir -p "$state"
mount -o loop,errors=remount-ro "$tmp/disk" "$state" ||
    bail "a loop device cannot be mounted"
chown _bwstore:_bwstore "$state"
chmod 700 "$state"
sync -f "$state"
: >"$tmp/acked"
start_bootward <"$tmp/conf"
storm_begin 2000 -w 32 -r 3000
wait_until 10 storm_acked 50
mount -o remount,abort "$state" || bail "the filesystem does not abort"
sleep 0.5
acks=$(wc -l <"$storm_file")
sleep 2
is "read-only: nobody is told of a lease" "$(wc -l <"$storm_file")" "$acks"
ok "read-only: the log says why" \
    log_says 'commit of .*(Read-only file system|Input/output error)'
check_alive 'commit of ' 'the store could not keep' 'more lines like' \
    'store was ended by signal 9' 'database'
kill -KILL "$bootward_pid"
wait "$bootward_pid" 2>/dev/null
wait_until 5 daemons_gone
storm_stop
disk_free()
{
	[ -z "$(losetup -j "$tmp/disk")" ]
}
wait_until 5 umount "$state" || bail "the disk stays mounted"
wait_until 5 disk_free || bail "the disk stays busy"
mount -o loop "$tmp/disk" "$state" || bail "the disk cannot be mounted again"
start_bootward <"$tmp/conf"
ok "writable again: no lease lost, no address given twice" promises
ok "everybody can go on with what they have" storm_again
finish 'commit of ' 'the store could not keep' 'more lines like' \
    'store was ended by signal 9' 'database'
