#!/bin/sh
# SPDX-License-Identifier: ISC
#
# "bootwardctl release ADDRESS": the lease is over, its record stays, and
# whoever asks next may have the address.

top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lib.sh
. "$top/tests/lib.sh"

world_enter "$0" "$@"
world_up
client_new c1 52:54:00:00:00:01
client_new c2 52:54:00:00:00:02
client_new c3 52:54:00:00:00:11

fake_kernel /srv/bootward/boot/linux

start_bootward <<'END'
interface "bw0"
subnet 10.77.0.0/16 { range 10.77.1.0 - 10.77.1.0 }
image "none" { kernel "linux" }
host "web1" { ethernet 52:54:00:00:00:11; address 10.77.2.1; image "none" }
END

ok "the only address is leased" client_dhcp c1
ok "nobody else gets one" not client_dhcp c2
ok "not for everybody" not setpriv --reuid=65534 --regid=65534 \
    --clear-groups "$obj/bootwardctl" release 10.77.1.0
ok "not an address" ctl_says 1 'foo: this is not an address' release foo
ok "not a lease" ctl_says 1 '10.77.1.9: nobody has a lease of it' release \
    10.77.1.9
ok "no address at all" ctl_says 2 'wrong number' release
ok "released" ctl_says 0 '^10.77.1.0: is free$' release 10.77.1.0
is "it is shown no more" "$(ctl show leases | grep -c '^10\.')" 0
ok "once" ctl_says 1 'nobody has a lease of it now' release 10.77.1.0
ok "its client may come back" client_dhcp c1
# As long as the machine uses it, nobody else gets it.
in_client c1 ip addr flush dev eth0
ok "as JSON" ctl_says 0 '{"address":"10.77.1.0","done":true,"text":"is free"}' \
    -j release 10.77.1.0
ok "somebody else gets it" wait_until 30 client_dhcp c2
is "the address" "$(client_lease c2 ip)" 10.77.1.0

# The others know it, too: no daemon takes the machine for the one before.
ok "the lease is the new one's" sh -c \
    "$obj/bootwardctl show leases | grep -q '^10.77.1.0  *52:54:00:00:00:02'"

installs()
{
	in_client c3 curl -s -m 5 "http://$server/ipxe" | grep -q '^kernel'
}
ctl install web1 >/dev/null
ok "a host that is armed" client_dhcp c3
ok "is sent to the installer by ksd" installs
ok "its lease is released" ctl_says 0 'is free' release 10.77.2.1
ok "and it is nobody to ksd" wait_until 10 not installs

# A release is durable.
ok "released again" ctl_says 0 'is free' release 10.77.1.0
kill -KILL "$(bootward_pid_of store)"
wait_until 20 bootward_ready
is "it is still free after kill -9" "$(ctl show leases | grep -c '^10\.')" 0
bootward_pids >"$tmp/pids"
ok "who had it last has it again" client_dhcp c2
ok "released" ctl_says 0 'is free' release 10.77.1.0
check_alive 'was ended by signal 9' 'no address is free' 'is used by'
stop_bootward
is "the record keeps its client" \
    "$(sqlite3 /var/lib/bootward/bootward.db \
    "SELECT state, hex(mac) FROM leases WHERE addr = 172818688")" \
    "0|525400000002"
finish_only
