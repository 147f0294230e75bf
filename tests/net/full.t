#!/bin/sh
# SPDX-License-Identifier: ISC
#
# The disk of the store is full: leases go on for as long as its reserve
# lasts; after that nobody is given one that is not on disk, an install says
# no, and with room again all goes on by itself.  Then the database is
# damaged: what can be read is saved.

top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lib.sh
. "$top/tests/lib.sh"

world_enter "$0" "$@"
world_up
client_new c1 02:00:00:00:00:01
client_new storm 02:00:00:00:00:02
state=/var/lib/bootward
mkdir -p "$state"

disk_new()		# SIZE
{
	mountpoint -q "$state" && umount "$state"
	mount -t tmpfs -o "size=$1,mode=700,uid=$(id -u _bwstore)" bwdisk \
	    "$state"
}

disk_fill()
{
	dd if=/dev/zero of="$state/filler" bs=4096 2>/dev/null
	[ "$(df --output=avail "$state" | tail -n 1)" -eq 0 ]
}

# The kernel of a real machine type, so that the image is a valid one.
image=/srv/bootward/boot/linux
head -c 20000 /dev/zero >"$image"
printf 'MZ' | dd of="$image" conv=notrunc 2>/dev/null
printf '\125\252' | dd of="$image" bs=1 seek=510 conv=notrunc 2>/dev/null
printf 'HdrS' | dd of="$image" bs=1 seek=514 conv=notrunc 2>/dev/null

cat >"$tmp/full.conf" <<'END'
interface "bw0"
subnet 10.77.0.0/16 {
	range 10.77.64.0 - 10.77.95.255
	probe off
	lease 1h
}
image "plain" { kernel "linux"; answer "long" }
host "web1" { ethernet 02:00:00:00:00:aa; image "plain" }
END

# An answer that takes room.
cat >/etc/bootward/answers/long <<'END'
#!/bin/sh
n=0
while [ $((n += 1)) -le 3000 ]; do
	echo "$n 0123456789012345678901234567890123456789"
done
END
chmod 755 /etc/bootward/answers/long

leases()
{
	ctl -j show leases |
	    sed -n 's/.*"address":"\([^"]*\)".*"mac":"\([^"]*\)".*/\2 \1/p' | sort
}

no_lease_lost()
{
	leases >"$tmp/leases" && sort "$tmp/acked" >"$tmp/acked.now" &&
	    [ -z "$(comm -13 "$tmp/leases" "$tmp/acked.now")" ]
}

storm()			# CLIENTS SECONDS
{
	in_client storm "$obj/tests/dhcpstorm" -n "$1" -w 64 -r 500 -t "$2" \
	    -o "$tmp/acked" eth0 2>"$tmp/storm"
}

# 1. A disk that had room when it started.
disk_new 8m
start_bootward <"$tmp/full.conf"
ok "a client gets a lease" client_dhcp c1
address=$(client_lease c1 ip)
ok "the disk is full" disk_fill
ok "2,000 clients get leases all the same" storm 2000 60
ok "the first one's is renewed" client_dhcp c1
is "with the same address" "$(client_lease c1 ip)" "$address"
ok "a host is armed" ctl install web1
kill -KILL "$(bootward_pid_of store)"
ok "the store starts on the full disk" wait_until 20 bootward_ready
ok "every acknowledged lease is there" no_lease_lost
stop_bootward

# 2. One that is too small for the reserve.
disk_new 1m
start_bootward <"$tmp/full.conf"
ok "a small disk fills, too" disk_fill
storm 3000 120 &
storm=$!
commits_fail()
{
	grep -q 'commit of .* No space left' "$log"
}
ok "there comes a commit that fails" wait_until 60 commits_fail
sleep 3
acked=$(wc -l <"$tmp/acked")
sleep 2
is "nobody is given a lease any more" "$(wc -l <"$tmp/acked")" "$acked"
diag "$acked leases fitted"
ok "some did before" [ "$acked" -gt 100 ]
ok "every acknowledged lease is there" no_lease_lost
ok "an install is refused" not ctl install web1
ctl install web1 2>"$tmp/why"
ok "and says why" grep -q 'No space left' "$tmp/why"
is "the host is not armed" \
    "$(ctl show hosts | sed -n 's/^web1  *\([a-z]*\) .*/\1/p')" local

mount -o remount,size=16m "$state"
wait "$storm"
is "with room again everybody gets a lease" $? 0 || diag "$(cat "$tmp/storm")"
ok "every acknowledged lease is there" no_lease_lost
is "all 3,000" "$(sort -u "$tmp/acked" | wc -l)" 3000
ok "the host can be armed" ctl install web1
check_alive 'store was ended by signal 9' 'no reserve for a full disk' \
    'no room for more on the disk' 'commit of .* No space left' \
    'the store could not keep' 'were not logged|more'
stop_bootward

# 3. Damage in five places.
before=$(wc -l <"$tmp/leases")
pages=$(($(stat -c %s "$state/bootward.db") / 4096))
for part in 3 4 5 6 7; do
	dd if=/dev/urandom of="$state/bootward.db" bs=4096 count=1 \
	    conv=notrunc seek=$((pages * part / 10)) 2>/dev/null
done
: >"$log"
run_bootward
ok "it starts with a damaged database" wait_until 20 bootward_ready
leases >"$tmp/leases"
after=$(wc -l <"$tmp/leases")
diag "$after of $before leases are left"
ok "most leases are saved" [ "$after" -gt $((before * 8 / 10)) ]
ok "the damaged one is kept" ls "$state"/bootward.db.damaged-*
ok "a client gets a lease" client_dhcp c1
bootward_pids >"$tmp/pids"
finish 'it is DAMAGED' 'saved from the damaged' 'database is kept'
