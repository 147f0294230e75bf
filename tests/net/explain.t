#!/bin/sh
# SPDX-License-Identifier: ISC
#
# "bootwardctl explain": what it says is what the machine is sent, every
# option with its line of the configuration; or exactly why it is sent nothing.

top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lib.sh
. "$top/tests/lib.sh"

world_enter "$0" "$@"
world_up
client_new c1 52:54:00:00:00:01
client_new c2 02:00:00:00:00:02

fake_kernel /srv/bootward/boot/linux
echo loader >/srv/bootward/boot/pxelinux.0

mkdir /etc/bootward/conf.d
cat >/etc/bootward/conf.d/hosts.conf <<'END'
# Hosts have a file of their own.
host "web1" {
	ethernet 52:54:00:00:00:01
	address 10.77.2.1
	image "debian"
	option 17 text "/for/web1"
}
host "web2" { ethernet 52:54:00:00:00:02; image "debian" }
END
start_bootward <<'END'
interface "bw0"
unknown boot ignore
loader bios "pxelinux.0"
option 7 address 10.77.0.9
subnet 10.77.0.0/16 {
	range 10.77.1.0 - 10.77.1.63
	router 10.77.0.254
	dns 10.77.0.2 10.77.0.3
	domain "lab.example"
	lease 2h
	option 42 address 10.77.0.7 10.77.0.8
	option 121 route 10.9.0.0/16 10.77.0.2 0.0.0.0/0 10.77.0.1
	option 119 domain "a.example" "b.a.example"
	option 224 hex 00ff
	option 225 text "and \"quotes\""
}
subnet 10.99.0.0/24 {
	range 10.99.0.10 - 10.99.0.20
	relay 10.99.0.1
}
image "debian" { kernel "linux" }
include "/etc/bootward/conf.d/*.conf"
END

# A line of the explanation, with single blanks.
line()			# BEGINNING
{
	sed -n "s/  */ /g; s/^ //; /^$1 /p" "$tmp/said"
}

conf=/etc/bootward.conf
hosts=/etc/bootward/conf.d/hosts.conf

ok "no address" ctl_says 2 'wrong number' explain
ok "not an address" ctl_says 2 'not an Ethernet address' explain web1
ok "a group address" ctl_says 2 'not an Ethernet address' explain \
    01:00:5e:00:00:01
ok "no such word" ctl_says 2 'arch N, stage ipxe' explain 52:54:00:00:00:01 \
    foo 1
ok "half a word" ctl_says 2 'what is to follow' explain 52:54:00:00:00:01 arch
ok "not a number" ctl_says 2 'not a number' explain 52:54:00:00:00:01 arch x

# A host that does not boot.
ctl show leases >"$tmp/before"
ok "a host" ctl_says 0 '^interface  *bw0$' explain 52:54:00:00:00:01
is "which subnet" "$(line subnet)" "subnet 10.77.0.0/16 ($conf:5)"
is "who it is" "$(line host)" "host web1 ($hosts:2)"
is "its ticket" "$(line ticket)" "ticket local: it boots its own disk"
is "its lease" "$(line lease)" "lease none
lease time 7200 s (2h00m) ($conf:5)"
is "its address" "$(line address)" \
    "address 10.77.2.1, reserved for it ($hosts:2)"
is "the answer" "$(line answer)" "answer offer"
is "its own option" "$(line 17)" "17 root-path \"/for/web1\" ($hosts:6)"
is "an option of all" "$(line 7)" "7 log-server 10.77.0.9 ($conf:4)"
is "one of its subnet" "$(line 42)" \
    "42 ntp-server 10.77.0.7 10.77.0.8 ($conf:11)"
is "routes" "$(line 121)" \
    "121 classless-routes 10.9.0.0/16 10.77.0.2, 0.0.0.0/0 10.77.0.1 ($conf:12)"
is "a search list" "$(line 119)" \
    "119 domain-search a.example b.a.example ($conf:13)"
is "octets" "$(line 224)" "224 private 00:ff ($conf:14)"
is "text" "$(line 225)" "225 private \"and \\x22quotes\\x22\" ($conf:15)"
is "routers" "$(line 3)" "3 router 10.77.0.254 ($conf:5)"
is "name servers" "$(line 6)" "6 dns 10.77.0.2 10.77.0.3 ($conf:5)"
is "its name" "$(line 12)" "12 host-name \"web1\" ($hosts:2)"
is "where it goes" "$(line 'sent to')" \
    "sent to 10.77.2.1 port 68, 52:54:00:00:00:01"
ctl show leases >"$tmp/after"
ok "nothing has changed" cmp "$tmp/before" "$tmp/after"

# What it says is what is sent.
ok "the host gets its address" client_dhcp c1 -O 7 -O 17 -O ntpsrv -O search
is "address" "$(client_lease c1 ip)" 10.77.2.1
is "root path" "$(client_lease c1 rootpath)" /for/web1
is "time servers" "$(client_lease c1 ntpsrv)" "10.77.0.7 10.77.0.8"
is "search list" "$(client_lease c1 search)" "a.example b.a.example"
ok "with a lease" ctl_says 0 'its lease for another' explain 52:54:00:00:00:01
is "under its client id" "$(line 'client id')" \
    "client id 01525400000001, as in its lease"

# Booting.
ctl install web1 >/dev/null
ok "armed" ctl_says 0 'armed, image debian: it is sent to the installer' \
    explain 52:54:00:00:00:01 arch 0
is "boot file" "$(line 'boot file')" "boot file pxelinux.0 ($conf:3)"
is "next server" "$(line 'next server')" "next server 10.77.0.1 ($conf:5)"
is "option 67" "$(line 67)" "67 boot-file \"pxelinux.0\" ($conf:3)"
ok "it counts as asked" ctl_says 0 'armed' show hosts
ok "no loader" ctl_says 0 'boot file  *none: there is no loader .* 6$' \
    explain 52:54:00:00:00:01 arch 6
ok "iPXE" ctl_says 0 'PXEClient:Arch:00000.*, as iPXE' explain \
    52:54:00:00:00:01 stage ipxe
ok "iPXE is told not to wait" [ "$(line 175)" = "175 ipxe b0:01:01" ]
ok "HTTP" ctl_says 0 'discover of HTTPClient:Arch:00016' explain \
    52:54:00:00:00:01 arch 16
ok "unarmed" ctl_says 0 'boot file  *none: it boots its own disk' \
    explain 52:54:00:00:00:02 arch 0

# Unknown machines.
ok "one that boots" ctl_says 0 'answer  *none: an unknown machine that' \
    explain 02:00:00:00:00:09 arch 0
is "says which line" "$(line unknown)" "unknown boot ignore ($conf:2)"
ok "one that does not" wait_until 20 ctl_says 0 \
    'address  *10.77.1.[0-9]*, proven free' explain 02:00:00:00:00:09
ok "a lease of the pool" client_dhcp c2
ok "is known" ctl_says 0 'address  *10.77.1.[0-9]*, that it has' explain \
    02:00:00:00:00:02

# Behind a relay agent.
ok "a relay agent" ctl_says 0 '^subnet  *10.99.0.0/24' explain \
    02:00:00:00:00:09 relay 10.99.0.1
is "its address" "$(line address)" \
    "address 10.99.0.10, free as far as is known ($conf:18)"
is "goes to the relay agent" "$(line 'sent to')" "sent to 10.99.0.1 port 67"
ok "of no subnet" ctl_says 0 'answer  *none: ' explain 02:00:00:00:00:09 \
    relay 10.98.0.1

# JSON.
ctl -j explain 52:54:00:00:00:01 arch 0 >"$tmp/json"
# shellcheck disable=SC2016	# dollar signs of perl
json()			# EXPRESSION
{
	perl -MJSON::PP -0777 -ne '$j = decode_json($_)->[0];
	    print '"$1" "$tmp/json"
}
# shellcheck disable=SC2016
{
	is "JSON: a field" "$(json '$j->{host}{value}')" web1
	is "JSON: its line" "$(json '$j->{host}{where}')" "$hosts:2"
	is "JSON: an option" "$(json 'map { $_->{value} . $_->{where} }
	    grep { $_->{code} == 67 } @{$j->{options}}')" \
	    "\"pxelinux.0\"$conf:3"
}

# Anybody who may look may ask; and dhcpd may be gone, or not answer.
ok "who may not change anything" setpriv --reuid=65534 \
    --regid="$(getent group _bootward | cut -d: -f3)" --clear-groups \
    "$obj/bootwardctl" explain 52:54:00:00:00:01
dhcpd=$(bootward_pid_of dhcpd)
kill -STOP "$dhcpd"
ok "dhcpd does not answer" ctl_says 1 'dhcpd does not answer' explain \
    52:54:00:00:00:01
ctl explain 52:54:00:00:00:01 >"$tmp/said" 2>&1 &
asking=$!
sleep 0.5
kill -KILL "$dhcpd"
wait "$asking"
is "dhcpd dies while it is asked" "$?" 1
ok "that is said" grep -q 'dhcpd does not' "$tmp/said"
wait_until 20 bootward_ready
ok "and is there again" ctl_says 0 '^host  *web1' explain 52:54:00:00:00:01
bootward_pids >"$tmp/pids"

finish 'was ended by signal 9'
