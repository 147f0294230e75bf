#!/bin/sh
# SPDX-License-Identifier: ISC
#
# The power fails while clients get leases: what ext4 had not written is lost,
# and so is whatever the daemons had in memory.  Every lease that was
# acknowledged is there when power is back, and nobody was told of one after
# the disk was gone.

top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/fault/fault.sh
. "$top/tests/fault/fault.sh"

world_enter "$0" "$@"
fault_up
trials_begin 12 "power cuts"
state=/var/lib/bootward

disk_mount()
{
	mount -o loop "$tmp/disk" "$state"
}

disk_free()
{
	[ -z "$(losetup -j "$tmp/disk")" ]
}

truncate -s 48m "$tmp/disk"
mkfs.ext4 -q -F "$tmp/disk" || bail "mkfs.ext4 does not work"
mkdir -p "$state"
disk_mount || bail "a loop device cannot be mounted"
chown _bwstore:_bwstore "$state"
chmod 700 "$state"
sync -f "$state"

acks_end()
{
	acks=$(wc -l <"$storm_file")
	sleep 0.3
	[ "$(wc -l <"$storm_file")" -eq "$acks" ]
}

while trials_left; do
	start_bootward <"$tmp/conf"
	trial "what was acknowledged before the cut" promises
	storm_begin 600 -w 32 -r 2000
	trial "clients come" wait_until 10 storm_acked 5
	doze 200
	"$obj/tests/fsdown" "$state" || bail "the filesystem stays up"
	trials_done=$((trials_done + 1))
	sleep 0.1
	# The last of those that were stored before may be on the wire.
	trial "nobody is told of a lease after it" acks_end
	trial "nothing dies of it" [ "$(bootward_pids)" = "$(cat "$tmp/pids")" ]
	kill -KILL "$bootward_pid"
	wait "$bootward_pid" 2>/dev/null
	wait_until 5 daemons_gone
	storm_stop
	wait_until 5 umount "$state" || bail "the disk stays mounted"
	wait_until 5 disk_free || bail "the disk stays busy"
	disk_mount || bail "the disk cannot be mounted again"
done

start_bootward <"$tmp/conf"
trial "the last ones, too" promises
trials_end "power cuts"
ok "the log tells what went wrong" log_says 'commit of .* leases: '
finish 'commit of .* leases: ' 'the store could not keep' 'more lines like' \
    'database'
