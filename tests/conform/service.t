#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Conformance over time: leases that end, addresses that others use, and
# configurations that change under the leases.

top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lib.sh
. "$top/tests/lib.sh"
# shellcheck source=tests/conform/servers.sh
. "$top/tests/conform/servers.sh"

world_enter "$0" "$@"
world_up
net_up
boot_files

pool='range 10.77.1.0 - 10.77.4.255 ; probe off ; lease 1h'
identify=machine

# What is always the same, and what differs; hosts are on standard input.
service_conf()		# UNKNOWN LAN-STATEMENTS
{
	cat <<END
interface "bw0" "cf1" "cf2"
identify by $identify
other server 10.77.0.66
loader bios "undionly.kpxe"
loader efi64 "bootx64.efi"
image "tiny" { kernel "linux" }
unknown boot $1
subnet 10.77.0.0/16 { $2 }
subnet 10.78.0.0/24 {
	range 10.78.0.10 - 10.78.0.10
	lease 2s
	probe off
	keep 0
}
subnet 10.79.0.0/24 {
	range 10.79.0.10 - 10.79.0.11
	probe always
	keep 0
}
END
	cat
}

reload()		# UNKNOWN LAN-STATEMENTS
{
	service_conf "$@" >/etc/bootward.conf
	ctl reload
}

service_conf local "$pool" </dev/null >"$tmp/conf"
start_bootward <"$tmp/conf"
conform expiry
conform holder
ok "a reservation for another host is loaded" reload local "$pool" <<'END'
host "owner" { ethernet 02:00:00:00:bb:02 ; address 10.77.2.5 }
END
conform owner

# One address for two hosts, two hosts of one address [54].
ok "a reservation that is there twice is refused" not reload local "$pool" \
    <<'END'
host "owner" { ethernet 02:00:00:00:bb:02 ; address 10.77.2.5 }
host "other" { ethernet 02:00:00:00:bb:03 ; address 10.77.2.5 }
END
ok "and so is a host that is there twice" not reload local "$pool" <<'END'
host "owner" { ethernet 02:00:00:00:bb:02 ; address 10.77.2.6 }
host "other" { ethernet 02:00:00:00:bb:02 ; address 10.77.2.7 }
END
ok "unknown machines are ignored now" reload ignore "$pool" <<'END'
host "owner" { ethernet 02:00:00:00:bb:02 ; address 10.77.2.5 }
END
conform ignore
ok "another server gives the addresses" reload 'install "tiny"' proxy </dev/null
conform proxy
identify=client-id
ok "client identifiers count" reload local "$pool" </dev/null
conform strict
check_alive 'no address is free' 'uses it' 'is used by' 'refused' \
    'reserved address' '/etc/bootward.conf:'

identify=machine
service_conf local "$pool" <<'END' >"$tmp/conf"
host "owner" { ethernet 02:00:00:00:bb:02 ; address 10.77.2.5 }
END
stop_bootward
start_bootward <"$tmp/conf"
conform again
check_alive 'no address is free' 'uses it' 'is used by' 'refused' \
    'reserved address' '/etc/bootward.conf:'
finish_only
