#!/bin/sh
# SPDX-License-Identifier: ISC
#
# No space on the disk of the store, on ext4 and on tmpfs: no lease is
# acknowledged that is not on disk, those that are there go on being renewed
# while new clients get nothing, a store that starts then does the same, and
# with space again all goes on by itself.

top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/fault/fault.sh
. "$top/tests/fault/fault.sh"

world_enter "$0" "$@"
fault_up
state=/var/lib/bootward
mkdir -p "$state"

# Others write whatever they can, all the time.
disk_fill()
{
	dd if=/dev/zero of="$state/filler" bs=4096 oflag=append \
	    conv=notrunc 2>/dev/null
	[ "$(df --output=avail "$state" | tail -n 1)" -lt 64 ]
}

# New clients until none of them gets anything any more.
refused()
{
	disk_fill
	refused_before=$(wc -l <"$storm_file")
	sleep 1
	[ "$(wc -l <"$storm_file")" -eq "$refused_before" ]
}

space_test()		# KIND
{
	: >"$log"
	: >"$tmp/acked"
	storm_first=1
	start_bootward <"$tmp/conf"
	storm_begin 300 -w 32
	ok "$1: clients get leases" storm_end
	ok "$1: the disk is full" disk_fill
	ok "$1: they go on" storm_again
	storm_begin 60000 -w 64 -r 4000 -t 120
	ok "$1: there comes an end for new ones" wait_until 60 refused
	ok "$1: and the log says why" log_says 'No space left on device'
	# New ones go on asking all the time.
	cat "$storm_file" >>"$tmp/acked"
	ok "$1: those that have one go on all the same" storm_again
	diag "$(cat "$tmp/storm.err")"
	ok "$1: no lease is lost, no address given twice" promises

	kill -KILL "$(bootward_pid_of store)"
	ok "$1: a new store starts" wait_until 20 bootward_ready
	ok "$1: those that have one go on" storm_again
	ok "$1: no lease is lost, no address given twice" promises
	storm_stop
	stop_bootward
	ok "$1: full to the last block" disk_fill
	start_bootward <"$tmp/conf"
	ok "$1: those that have one go on after a clean stop" storm_again
	# Another boot of the kernel, for which all times have to be moved.
	kill -KILL "$bootward_pid"
	wait "$bootward_pid" 2>/dev/null
	wait_until 5 daemons_gone
	disk_fill
	echo "00000000-0000-4000-8000-$(printf '%012d' "$(random 60000)")" \
	    >"$tmp/boot_id"
	mount --bind "$tmp/boot_id" /proc/sys/kernel/random/boot_id
	start_bootward <"$tmp/conf"
	ok "$1: and after a reboot" storm_again
	storm_begin 3000 -w 64 -t 120
	ok "$1: few new ones do" wait_until 60 refused
	ok "$1: not all of them" [ "$(wc -l <"$storm_file")" -lt 3000 ]
	rm "$state/filler"
	ok "$1: with space again they do, by themselves" storm_end
	ok "$1: no lease is lost, no address given twice" promises
	ok "$1: all of them can go on" storm_again
	diag "$(sort -u "$tmp/acked" | wc -l) leases"
	check_alive 'commit of .*No space left' 'the store could not keep' \
	    'more lines like' 'no room for more' 'no reserve for' \
	    'store was ended by signal 9'
	stop_bootward
}

mount -t tmpfs -o "size=8m,mode=700,uid=$(id -u _bwstore)" bwdisk "$state"
space_test tmpfs
umount "$state"

truncate -s 16m "$tmp/disk"
mkfs.ext4 -q -F -m 0 "$tmp/disk" || bail "mkfs.ext4 does not work"
mount -o loop "$tmp/disk" "$state" || bail "a loop device cannot be mounted"
chown _bwstore:_bwstore "$state"
chmod 700 "$state"
space_test ext4

run_bootward
wait_until 20 bootward_ready
bootward_pids >"$tmp/pids"
finish 'commit of .*No space left' 'the store could not keep' \
    'more lines like' 'no room for more' 'no reserve for' \
	    'store was ended by signal 9'
