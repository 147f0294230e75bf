#!/bin/sh
# SPDX-License-Identifier: ISC
#
# "bootwardctl import leases": the files of ISC dhcpd, Kea and dnsmasq, as
# those write them; their clients get their addresses back, nobody loses one,
# and no client of the control socket can do harm with half an import.

top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lib.sh
. "$top/tests/lib.sh"

world_enter "$0" "$@"
world_up
for n in 1 2 3 4 5 6 7; do
	client_new "c$n" "52:54:00:00:00:0$n"
done

start_bootward <<'END'
interface "bw0"
subnet 10.77.0.0/16 {
	range 10.77.1.0 - 10.77.1.255
	range 10.77.64.0 - 10.77.255.250
}
host "web1" { ethernet 52:54:00:00:00:21; address 10.77.2.1 }
host "web2" { ethernet 52:54:00:00:00:22 }
END

lease_of()		# ADDRESS
{
	ctl show leases | sed -n "s/^$1  *//p"
}

address_of()		# NAME
{
	client_dhcp "$1" >/dev/null
	client_lease "$1" ip
}

leases()
{
	ctl show leases | grep -c '^10\.'
}

now=$(date +%s)

# ISC dhcpd: with a client id, without one, and one that is over.
cat >"$tmp/isc" <<END
# This lease file was written by isc-dhcp-4.4.3-P1
authoring-byte-order little-endian;
server-duid "\000\001\000\0012\226\032\242Z\007}\000\202c";

lease 10.77.1.101 {
  starts $(date -u -d "@$((now - 600))" '+%w %Y/%m/%d %H:%M:%S');
  ends $(date -u -d "@$((now + 600))" '+%w %Y/%m/%d %H:%M:%S');
  cltt $(date -u -d "@$((now - 600))" '+%w %Y/%m/%d %H:%M:%S');
  binding state active;
  next binding state free;
  rewind binding state free;
  hardware ethernet 52:54:00:00:00:01;
  uid "\001RT\000\000\000\001";
  set vendor-class-identifier = "udhcp 1.35.0";
  client-hostname "first";
}
lease 10.77.1.102 {
  starts epoch $((now - 600)); # some day
  ends epoch $((now - 60)); # another
  binding state free;
  hardware ethernet 52:54:00:00:00:02;
  uid "\001RT\000\000\000\002";
}
lease 10.77.1.103 {
  starts epoch $((now - 600));
  ends never;
  binding state active;
  hardware ethernet 52:54:00:00:00:33;
}
lease 10.77.2.1 {
  starts epoch $((now - 600));
  ends epoch $((now + 600));
  binding state active;
  hardware ethernet 52:54:00:00:00:44;
}
lease 10.78.0.1 {
  starts epoch $((now - 600));
  ends epoch $((now + 600));
  binding state active;
  hardware ethernet 52:54:00:00:00:45;
}
lease 10.77.1.104 {
  starts epoch $((now - 600));
  ends epoch $((now + 600));
  binding state active;
  hardware ethernet 52:54:00:00:00:22;
}
END
ok "ISC" ctl_says 0 'imported 3, expired 1, skipped 2 (10.77.2.1: reserved' \
    import leases isc "$tmp/isc"
ok "which ones are left out, and why" grep -q \
    '^line [0-9]*: 10.77.2.1: reserved for another host$' "$tmp/said"
ok "and those of no subnet" grep -q \
    '^line [0-9]*: 10.78.0.1: in no subnet of the configuration$' "$tmp/said"
ok "what it was there for is shown" grep -q '^52:54:00:00:00:01  9m.*first$' \
    <<END
$(lease_of 10.77.1.101)
END
is "for ever" "$(lease_of 10.77.1.103 | awk '{ print $2 }')" forever
is "a host is known" "$(lease_of 10.77.1.104 | awk '{ print $3 }')" web2
is "a lease that lasts" "$(address_of c1)" 10.77.1.101
is "one that is over, and its client comes back" "$(address_of c2)" 10.77.1.102
ok "and is again" ctl_says 0 'imported 0, expired 0, skipped 6' \
    import leases isc "$tmp/isc"
ok "their clients have them" grep -q '10.77.1.101: already leased' "$tmp/said"

# Kea: the file that its clean-up has left, and its own.
heading=address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd
heading=$heading,fqdn_rev,hostname,state,user_context
cat >"$tmp/kea.2" <<END
$heading
10.77.1.111,52:54:00:00:00:03,01:52:54:00:00:00:03,600,$((now + 300)),1,0,0,,0,
10.77.1.112,52:54:00:00:00:04,01:52:54:00:00:00:04,600,$((now + 300)),1,0,0,,0,
END
cat >"$tmp/kea" <<END
$heading
10.77.1.112,52:54:00:00:00:04,01:52:54:00:00:00:04,0,$((now - 10)),1,0,0,,0,
10.77.1.113,52:54:00:00:00:05,,600,$((now + 500)),1,0,0,five.example.,0,1&#x2c2
10.77.1.114,,,600,$((now + 500)),1,0,0,,1,
END
ok "Kea" ctl_says 0 'imported 2, expired 1, skipped 0$' import leases kea \
    "$tmp/kea"
ok "it says that it reads the other file" grep -q 'kea.2 is read first' \
    "$tmp/said"
ok "with its name" grep -q 'five.example$' <<END
$(lease_of 10.77.1.113)
END
is "a lease of Kea" "$(address_of c3)" 10.77.1.111
is "one that was given back" "$(address_of c4)" 10.77.1.112

# dnsmasq.
cat >"$tmp/dnsmasq" <<END
$((now + 500)) 52:54:00:00:00:06 10.77.1.121 six 01:52:54:00:00:00:06
$((now - 500)) 52:54:00:00:00:07 10.77.1.122 * 01:52:54:00:00:00:07
0 52:54:00:00:00:38 10.77.1.123 * *
duid 00:01:00:01:32:96:1a:a2:5a:07:7d:00:82:63
$((now + 500)) 12345 2001:db8::1 six 00:01:00:01
END
ok "dnsmasq, as JSON" ctl_says 0 \
    '{"file":".*","done":true,"text":"imported 2, expired 1, skipped 0"}' \
    -j import leases dnsmasq "$tmp/dnsmasq"
is "a lease of dnsmasq" "$(address_of c6)" 10.77.1.121
is "one that is over" "$(address_of c7)" 10.77.1.122

# Files that are not understood change nothing.
count=$(leases)
head -n 10 "$tmp/isc" | sed 's/10.77.1.101/10.77.1.131/' >"$tmp/cut"
ok "a file that ends too soon" ctl_says 1 'cut:11: the file ends within the' \
    import leases isc "$tmp/cut"
ok "nothing has been imported" grep -q 'nothing has been imported' "$tmp/said"
printf '%s\n' "$((now + 500)) 52:54:00:00:00:06 10.77.1.131 six *" \
    "$((now + 500)) 52:54:00:00:00:06 10.77.1 six *" >"$tmp/wrong"
ok "the line of an error" ctl_says 1 'wrong:2: an address was expected' \
    import leases dnsmasq "$tmp/wrong"
ok "another server's file" ctl_says 1 'kea:1: expiry, hardware address' \
    import leases dnsmasq "$tmp/kea"
ok "no file" ctl_says 1 'nofile: No such file' import leases isc "$tmp/nofile"
: >"$tmp/empty"
ok "an empty file" ctl_says 0 'there is no lease in it' import leases isc \
    "$tmp/empty"
ok "no such server" ctl_says 2 'not isc, kea or dnsmasq' import leases foo \
    "$tmp/isc"
is "nothing has changed" "$(leases)" "$count"
ok "not for everybody" not setpriv --reuid=65534 --regid=65534 \
    --clear-groups "$obj/bootwardctl" import leases isc "$tmp/isc"

# What no bootwardctl would do, and how each of it ends.
play()			# WANTED WHAT...
{
	play_wanted=$1
	shift
	is "hostile: $*" "$("$obj/tests/ctlplay" "$@" |
	    sed 's/^\([^:]*: [0-9a-z]*\).*/\1/' | tr '\n' ';')" "$play_wanted"
}
closed="address: closed;owner: closed;name: closed;endless name: closed;"
play "${closed}start: closed;end: closed;" bad 100
play 'half: done;' half 10000
play 'status within: closed;explain within: closed;' mix 100
is "nothing of it is there" "$(ctl show leases | grep -c '^10\.77\.6')" 0
play 'version: 1;again: 0;' version
is "it had another try" "$(ctl show leases | grep -c '^10\.77\.64\.0 ')" 1
play 'the second: 1;the first: 0;then the second: 0;' two 10
is "one after the other" "$(ctl show leases | grep -c '^10\.77\.64\.')" 11
count=$(leases)
play 'late: closed;' late 2000
more()			# HOW-MANY
{
	[ "$(leases)" -eq "$1" ]
}
ok "what is complete is imported" wait_until 20 more \
    $((count + 1989))

# As many as there may be of one place, while others get their leases.
client_new c8 52:54:00:00:00:08
awk -v end=$((now + 5000)) 'BEGIN {
	for (i = 0; i < 40000; i++)
		printf "%d 06:00:00:%02x:%02x:%02x 10.77.%d.%d host%d *\n", end,
		    i / 65536, int(i / 256) % 256, i % 256,
		    90 + int(i / 256), i % 256, i
}' </dev/null >"$tmp/many"
ctl import leases dnsmasq "$tmp/many" >"$tmp/many.said" 2>&1 &
many=$!
ok "a client gets its lease meanwhile" client_dhcp c8
wait "$many"
is "40,000 leases" "$(sed 's/.*: //' "$tmp/many.said")" \
    "imported 40000, expired 0, skipped 0"
known=$(leases)

# They are as durable as any.
kill -KILL "$(bootward_pid_of store)"
kill -KILL "$(bootward_pid_of dhcpd)"
wait_until 20 bootward_ready
is "all are there after kill -9" "$(leases)" "$known"
is "for their clients too" "$(address_of c3)" 10.77.1.111
bootward_pids >"$tmp/pids"

finish 'was ended by signal 9'
