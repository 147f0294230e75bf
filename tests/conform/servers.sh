# shellcheck shell=sh disable=SC2154 # the variables of lib.sh
# SPDX-License-Identifier: ISC
#
# servers.sh: the network of the conformance tests, and the same service as
# four servers are told to give it: bootward, kea, isc, dnsmasq.
#
#	lan	eth0	10.77.0.0/16, a large pool, every option; the relay
#			agent is 10.77.0.2, and all that is relayed comes by it
#	one	eth1	10.78.0.0/24, a pool of one address
#	shared	eth2	10.79.0.0/24 and 10.79.1.0/24 on one wire
#	rack	eth3	10.80.0.0/23, 254 addresses
#	relayed		10.8.N.0/24 with a pool of one each, 10.9.0.0/16,
#			10.10.0.0/24 and 10.10.1.0/24 on one wire

gateway=10.77.0.2
relay_mac=02:00:00:00:10:02
ones=60				# subnets 10.8.N.0/24
unknown=local			# what machines without a host entry boot
long=$(printf '%0520d' 0 | sed 's/00/5a/g')
routes=18c0a8050a4d0007000a4d0001
search=036c6162076578616d706c650003656e67c000

net_up()
{
	client_new c 02:00:00:00:00:c1
	net_wire 1 10.78.0.1/24
	net_wire 2 10.79.0.1/24
	net_wire 3 10.80.0.1/23
	ip addr add 10.79.1.1/24 dev cf2
	ip route add 10.8.0.0/16 via "$gateway"
	ip route add 10.9.0.0/16 via "$gateway"
	ip route add 10.10.0.0/16 via "$gateway"
}

net_wire()		# N ADDRESS
{
	ip link add "cf$1" type veth peer name "eth$1" netns c
	ip addr add "$2" dev "cf$1"
	ip link set "cf$1" up
	ip -n c link set "eth$1" up
}

net_mac()		# INTERFACE
{
	ip -br link show "$1" | awk '{ print $3 }'
}

# Stand-ins: a loader for each kind of machine, and a kernel.
boot_files()
{
	boot=/srv/bootward/boot
	head -c 2000 /dev/urandom >"$boot/undionly.kpxe"
	pe_file bootia32.efi '\114\001'
	pe_file bootx64.efi '\144\206'
	pe_file bootaa64.efi '\144\252'
	head -c 20000 /dev/zero >"$boot/linux"
	printf 'MZ' | dd of="$boot/linux" conv=notrunc 2>/dev/null
	printf '\125\252' | dd of="$boot/linux" bs=1 seek=510 conv=notrunc \
	    2>/dev/null
	printf 'HdrS' | dd of="$boot/linux" bs=1 seek=514 conv=notrunc \
	    2>/dev/null
}

pe_file()		# NAME MACHINE-OCTETS
{
	{
		printf 'MZ'
		head -c 58 /dev/zero
		printf '\100\000\000\000PE\000\000'
		# shellcheck disable=SC2059 # octets
		printf "$2"
		head -c 200 /dev/zero
	} >"$boot/$1"
}

# bootward -------------------------------------------------------------------

# The option words that all four have, for a subnet with this router.
bootward_one()		# SUBNET/LEN RANGE RELAY MORE
{
	cat <<END
subnet $1 {
	range $2
	relay $3
	router $3
	probe off
	$4
}
END
}

bootward_conf()
{
	cat <<END
interface "bw0" "cf1" "cf2" "cf3"
leasequery $gateway
other server 10.77.0.66 10.8.0.1
loader bios "undionly.kpxe"
loader ipxe "http://10.77.0.1/boot.ipxe"
loader efi32 "bootia32.efi"
loader efi64 "bootx64.efi"
loader arm64 "bootaa64.efi"
loader efi64-http "bootx64.efi"
loader arm64-http "bootaa64.efi"
image "tiny" { kernel "linux" }
unknown boot $unknown
subnet 10.77.0.0/16 {
	range 10.77.1.0 - 10.77.4.255
	router 10.77.0.1
	dns 10.77.0.1 10.77.0.8
	domain "lab.example"
	lease 1h
	probe off
	rapid commit
	option 42 address 10.77.0.9
	option 119 domain "lab.example" "eng.lab.example"
	option 121 route 192.168.5.0/24 10.77.0.7 default 10.77.0.1
	option 150 address 10.77.0.1 10.77.0.7
	option 209 text "conf/machine"
	option 210 text "http://10.77.0.1/"
	option 211 u32 30
}
subnet 10.78.0.0/24 { range 10.78.0.10 - 10.78.0.10 ; probe off ; keep 0 }
shared network "floor" {
	subnet 10.79.0.0/24 {
		range 10.79.0.10 - 10.79.0.10
		router 10.79.0.1
		probe off
		keep 0
	}
	subnet 10.79.1.0/24 {
		range 10.79.1.10 - 10.79.1.19
		router 10.79.1.1
		probe off
		keep 0
	}
}
subnet 10.80.0.0/23 { range 10.80.0.10 - 10.80.1.7 ; probe off ; keep 0 }
shared network "far" {
END
	bootward_one 10.10.0.0/24 "10.10.0.10 - 10.10.0.10" 10.10.0.1
	bootward_one 10.10.1.0/24 "10.10.1.10 - 10.10.1.19" 10.10.1.1
	echo "}"
	bootward_one 10.9.0.0/16 "10.9.1.0 - 10.9.1.255" 10.9.0.1 \
	    "option 224 hex $long ; option 225 hex $long ; next-server 10.9.0.9"
	n=0
	while [ $((n += 1)) -le "$ones" ]; do
		bootward_one "10.8.$n.0/24" "10.8.$n.10 - 10.8.$n.10" \
		    "10.8.$n.1"
	done
	cat <<'END'
host "inside" { ethernet 02:00:00:00:aa:01 ; address 10.77.1.0 }
host "outside" { ethernet 02:00:00:00:aa:02 ; address 10.77.99.2 }
host "byid" { client-id 01:02:00:00:00:aa:03 ; address 10.77.99.3 }
host "bytext" { client-id "asset-4711" ; address 10.77.99.4 }
host "byport" { circuit-id "port-7" ; address 10.9.99.5 }
host "byuuid" {
	uuid 00112233-4455-6677-8899-aabbccddeeff
	address 10.77.99.6
}
host "onlyone" { ethernet 02:00:00:00:aa:07 ; address 10.8.60.10 }
host "old" { ethernet 02:00:00:00:aa:08 ; address 10.77.99.8 }
END
}

bootward_start()
{
	bootward_conf >"$tmp/conf"
	start_bootward <"$tmp/conf"
}

bootward_stop()
{
	stop_bootward
}

# ISC dhcpd ------------------------------------------------------------------

isc_subnet()		# NET MASK FIRST LAST ROUTER
{
	cat <<END
subnet $1 netmask $2 {
	range $3 $4;
	option routers $5;
}
END
}

isc_conf()
{
	hex=$(echo "$long" | sed 's/../:&/g;s/^://')
	cat <<END
authoritative;
ping-check false;
default-lease-time 3600;
max-lease-time 3600;
ddns-update-style none;
use-host-decl-names on;
stash-agent-options true;
allow leasequery;
option long1 code 224 = string;
option long2 code 225 = string;
option routes code 121 = string;
option list code 150 = array of ip-address;
option conf code 209 = text;
option prefix code 210 = text;
option reboot code 211 = unsigned integer 32;
option arch code 93 = unsigned integer 16;
option dhcp-renewal-time 1800;
option dhcp-rebinding-time 3150;
if exists arch {
	option vendor-class-identifier "PXEClient";
	next-server 10.77.0.1;
	if option user-class = "iPXE" {
		filename "http://10.77.0.1/boot.ipxe";
	} elsif option arch = 00:00 { filename "undionly.kpxe"; }
	elsif option arch = 00:06 { filename "bootia32.efi"; }
	elsif option arch = 00:07 { filename "bootx64.efi"; }
	elsif option arch = 00:09 { filename "bootx64.efi"; }
	elsif option arch = 00:0b { filename "bootaa64.efi"; }
	elsif option arch = 00:10 {
		option vendor-class-identifier "HTTPClient";
		filename "http://10.77.0.1/boot/bootx64.efi";
	}
}
subnet 10.77.0.0 netmask 255.255.0.0 {
	range 10.77.1.0 10.77.4.255;
	option routers 10.77.0.1;
	option domain-name-servers 10.77.0.1, 10.77.0.8;
	option domain-name "lab.example";
	option ntp-servers 10.77.0.9;
	option domain-search "lab.example", "eng.lab.example";
	option routes $(echo "$routes" | sed 's/../:&/g;s/^://');
	option list 10.77.0.1, 10.77.0.7;
	option conf "conf/machine";
	option prefix "http://10.77.0.1/";
	option reboot 30;
}
subnet 10.78.0.0 netmask 255.255.255.0 { range 10.78.0.10 10.78.0.10; }
shared-network floor {
	$(isc_subnet 10.79.0.0 255.255.255.0 10.79.0.10 10.79.0.10 10.79.0.1)
	$(isc_subnet 10.79.1.0 255.255.255.0 10.79.1.10 10.79.1.19 10.79.1.1)
}
subnet 10.80.0.0 netmask 255.255.254.0 { range 10.80.0.10 10.80.1.7; }
shared-network far {
	$(isc_subnet 10.10.0.0 255.255.255.0 10.10.0.10 10.10.0.10 10.10.0.1)
	$(isc_subnet 10.10.1.0 255.255.255.0 10.10.1.10 10.10.1.19 10.10.1.1)
}
subnet 10.9.0.0 netmask 255.255.0.0 {
	range 10.9.1.0 10.9.1.255;
	option routers 10.9.0.1;
	next-server 10.9.0.9;
	option long1 $hex;
	option long2 $hex;
}
END
	n=0
	while [ $((n += 1)) -lt "$ones" ]; do
		isc_subnet "10.8.$n.0" 255.255.255.0 "10.8.$n.10" \
		    "10.8.$n.10" "10.8.$n.1"
	done
	# Its way to reserve an address is to have it in no pool.
	cat <<'END'
subnet 10.8.60.0 netmask 255.255.255.0 { option routers 10.8.60.1; }
host inside { hardware ethernet 02:00:00:00:aa:01; fixed-address 10.77.1.0; }
host outside { hardware ethernet 02:00:00:00:aa:02; fixed-address 10.77.99.2; }
host byid {
	option dhcp-client-identifier 01:02:00:00:00:aa:03;
	fixed-address 10.77.99.3;
}
host bytext {
	option dhcp-client-identifier "asset-4711";
	fixed-address 10.77.99.4;
}
host byport {
	host-identifier option agent.circuit-id "port-7";
	fixed-address 10.9.99.5;
}
host byuuid {
	host-identifier option pxe-client-id
	    0 00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff;
	fixed-address 10.77.99.6;
}
host onlyone { hardware ethernet 02:00:00:00:aa:07; fixed-address 10.8.60.10; }
host old { hardware ethernet 02:00:00:00:aa:08; fixed-address 10.77.99.8; }
END
}

# Somebody listens there.
port_67()
{
	[ -n "$(ss -H -lun 'sport = :67')" ]
}

isc_start()
{
	isc_conf >"$tmp/dhcpd.conf"
	: >"$tmp/dhcpd.leases"
	dhcpd -4 -f -cf "$tmp/dhcpd.conf" -lf "$tmp/dhcpd.leases" \
	    -pf "$tmp/dhcpd.pid" bw0 cf1 cf2 cf3 >"$log" 2>&1 </dev/null &
	server_pid=$!
	wait_until 10 port_67
}

# Kea ------------------------------------------------------------------------

kea_subnet()		# ID SUBNET POOL ROUTER MORE
{
	cat <<END
{ "id": $1, "subnet": "$2", "pools": [ { "pool": "$3" } ],
  "option-data": [ { "name": "routers", "data": "$4" } ] $5 }
END
}

kea_class()		# NAME TEST CLASS FILE
{
	cat <<END
{ "name": "$1", "test": "$2", "boot-file-name": "$4",
  "option-data": [ { "name": "vendor-class-identifier", "always-send": true,
    "data": "$3" }, { "name": "boot-file-name", "data": "$4" } ] }
END
}

kea_arch()		# NAME ARCH-HEX CLASS FILE
{
	kea_class "$1" "option[93].hex == 0x$2 and not member('ipxe')" "$3" "$4"
}

kea_lan()
{
	cat <<END
{ "id": 1000, "subnet": "10.77.0.0/16",
  "pools": [ { "pool": "10.77.1.0-10.77.4.255" } ],
  "option-data": [
    { "name": "routers", "data": "10.77.0.1" },
    { "name": "domain-name-servers", "data": "10.77.0.1, 10.77.0.8" },
    { "name": "domain-name", "data": "lab.example" },
    { "name": "ntp-servers", "data": "10.77.0.9" },
    { "name": "domain-search", "data": "lab.example, eng.lab.example" },
    { "code": 121, "csv-format": false, "data": "$routes" },
    { "code": 150, "csv-format": false, "data": "0a4d00010a4d0007" },
    { "code": 209, "csv-format": false, "data": "$(text_hex conf/machine)" },
    { "code": 210, "csv-format": false,
      "data": "$(text_hex http://10.77.0.1/)" },
    { "code": 211, "csv-format": false, "data": "0000001e" } ],
  "reservations": [
    { "hw-address": "02:00:00:00:aa:01", "ip-address": "10.77.1.0",
      "hostname": "inside" },
    { "hw-address": "02:00:00:00:aa:02", "ip-address": "10.77.99.2" },
    { "client-id": "01:02:00:00:00:aa:03", "ip-address": "10.77.99.3" },
    { "client-id": "$(text_hex asset-4711)", "ip-address": "10.77.99.4" },
    { "hw-address": "02:00:00:00:aa:08", "ip-address": "10.77.99.8" } ] }
END
}

text_hex()		# TEXT
{
	printf '%s' "$1" | od -An -v -tx1 | tr -d ' \n'
}

kea_conf()
{
	cat <<END
{ "Dhcp4": {
"interfaces-config": { "interfaces": [ "bw0", "cf1", "cf2", "cf3" ] },
"lease-database": { "type": "memfile", "name": "$tmp/kea.csv",
  "lfc-interval": 0 },
"valid-lifetime": 3600, "max-valid-lifetime": 3600,
"calculate-tee-times": true,
"authoritative": true,
"host-reservation-identifiers": [ "circuit-id", "hw-address", "client-id" ],
"option-def": [ { "name": "a224", "code": 224, "type": "binary" },
  { "name": "a225", "code": 225, "type": "binary" } ],
"client-classes": [
$(kea_class ipxe "option[77].hex == 'iPXE' or option[175].exists" \
    PXEClient http://10.77.0.1/boot.ipxe),
$(kea_arch bios 0000 PXEClient undionly.kpxe),
$(kea_arch efi32 0006 PXEClient bootia32.efi),
$(kea_arch efi64 0007 PXEClient bootx64.efi),
$(kea_arch ebc 0009 PXEClient bootx64.efi),
$(kea_arch arm64 000B PXEClient bootaa64.efi),
$(kea_arch http64 0010 HTTPClient http://10.77.0.1/boot/bootx64.efi) ],
"next-server": "10.77.0.1",
"shared-networks": [
{ "name": "floor", "interface": "cf2", "subnet4": [
$(kea_subnet 1001 10.79.0.0/24 10.79.0.10-10.79.0.10 10.79.0.1),
$(kea_subnet 1002 10.79.1.0/24 10.79.1.10-10.79.1.19 10.79.1.1) ] },
{ "name": "far", "subnet4": [
$(kea_subnet 1003 10.10.0.0/24 10.10.0.10-10.10.0.10 10.10.0.1),
$(kea_subnet 1004 10.10.1.0/24 10.10.1.10-10.10.1.19 10.10.1.1) ] } ],
"subnet4": [ $(kea_lan),
$(kea_subnet 1005 10.78.0.0/24 10.78.0.10-10.78.0.10 10.78.0.1),
$(kea_subnet 1006 10.80.0.0/23 10.80.0.10-10.80.1.7 10.80.0.1),
$(kea_subnet 1007 10.9.0.0/16 10.9.1.0-10.9.1.255 "10.9.0.1\" },
    { \"code\": 224, \"csv-format\": false, \"data\": \"$long\" },
    { \"code\": 225, \"csv-format\": false, \"data\": \"$long" ', "next-server":
    "10.9.0.9", "reservations": [ { "circuit-id": "'"'port-7'"'",
    "ip-address": "10.9.99.5" } ]'),
$(kea_subnet 60 10.8.60.0/24 10.8.60.10-10.8.60.10 10.8.60.1 ',
    "reservations": [ { "hw-address": "02:00:00:00:aa:07",
    "ip-address": "10.8.60.10" } ]')
END
	n=0
	while [ $((n += 1)) -lt "$ones" ]; do
		echo ","
		kea_subnet "$n" "10.8.$n.0/24" "10.8.$n.10-10.8.$n.10" \
		    "10.8.$n.1"
	done
	echo '] } }'
}

kea_start()
{
	kea_conf >"$tmp/kea.conf"
	rm -f "$tmp"/kea.csv*
	KEA_PIDFILE_DIR=$tmp KEA_LOCKFILE_DIR=$tmp \
	    KEA_LOGGER_DESTINATION=stderr kea-dhcp4 -c "$tmp/kea.conf" >"$log" 2>&1 </dev/null &
	server_pid=$!
	wait_until 10 grep -q DHCP4_STARTED "$log"
}

# dnsmasq --------------------------------------------------------------------

dnsmasq_arch()		# TAG ARCH FILE
{
	echo "dhcp-match=set:$1,option:client-arch,$2"
	echo "dhcp-boot=tag:$1,tag:!ipxe,$3,,10.77.0.1"
}

dnsmasq_conf()
{
	cat <<END
port=0
interface=bw0
interface=cf1
interface=cf2
interface=cf3
bind-dynamic
dhcp-authoritative
no-ping
dhcp-rapid-commit
dhcp-lease-max=5000
shared-network=10.10.0.1,10.10.1.0
dhcp-range=set:lan,10.77.1.0,10.77.4.255,255.255.0.0,1h
dhcp-range=10.78.0.10,10.78.0.10,255.255.255.0,1h
dhcp-range=10.79.0.10,10.79.0.10,255.255.255.0,1h
dhcp-range=10.79.1.10,10.79.1.19,255.255.255.0,1h
dhcp-range=10.80.0.10,10.80.1.7,255.255.254.0,1h
dhcp-range=10.10.0.10,10.10.0.10,255.255.255.0,1h
dhcp-range=10.10.1.10,10.10.1.19,255.255.255.0,1h
dhcp-range=10.9.1.0,10.9.1.255,255.255.0.0,1h
dhcp-option=tag:lan,3,10.77.0.1
dhcp-option=tag:lan,6,10.77.0.1,10.77.0.8
dhcp-option=tag:lan,15,lab.example
dhcp-option=tag:lan,42,10.77.0.9
dhcp-option=tag:lan,option:domain-search,lab.example,eng.lab.example
dhcp-option=tag:lan,121,192.168.5.0/24,10.77.0.7,0.0.0.0/0,10.77.0.1
dhcp-option=tag:lan,150,10.77.0.1,10.77.0.7
dhcp-option=tag:lan,209,conf/machine
dhcp-option=tag:lan,210,http://10.77.0.1/
dhcp-option=tag:lan,211,00:00:00:1e
dhcp-host=02:00:00:00:aa:01,10.77.1.0,inside
dhcp-host=02:00:00:00:aa:02,10.77.99.2
dhcp-host=id:01:02:00:00:00:aa:03,10.77.99.3
dhcp-host=id:asset-4711,10.77.99.4
dhcp-circuitid=set:port,port-7
dhcp-host=*:*:*:*:*:*,tag:port,10.9.99.5
dhcp-host=02:00:00:00:aa:07,10.8.60.10
dhcp-host=02:00:00:00:aa:08,10.77.99.8
END
	cat <<'END'
dhcp-userclass=set:ipxe,iPXE
dhcp-match=set:ipxe,175
dhcp-boot=tag:ipxe,http://10.77.0.1/boot.ipxe,,10.77.0.1
END
	dnsmasq_arch bios 0 undionly.kpxe
	dnsmasq_arch efi32 6 bootia32.efi
	dnsmasq_arch efi64 7 bootx64.efi
	dnsmasq_arch ebc 9 bootx64.efi
	dnsmasq_arch arm64 11 bootaa64.efi
	echo dhcp-option-force=tag:http64,60,HTTPClient
	dnsmasq_arch http64 16 http://10.77.0.1/boot/bootx64.efi
	n=0
	while [ $((n += 1)) -le "$ones" ]; do
		echo "dhcp-range=10.8.$n.10,10.8.$n.10,255.255.255.0,1h"
	done
}

dnsmasq_start()
{
	dnsmasq_conf >"$tmp/dnsmasq.conf"
	rm -f "$tmp/dnsmasq.leases"
	dnsmasq -k -C "$tmp/dnsmasq.conf" --user=root --log-facility=- \
	    --dhcp-leasefile="$tmp/dnsmasq.leases" --pid-file= \
	    >"$log" 2>&1 </dev/null &
	server_pid=$!
	wait_until 10 port_67
}

# Any ------------------------------------------------------------------------

server_start()		# SERVER
{
	"$1_start" || {
		sed 's/^/# /' "$log"
		bail "$1 does not start"
	}
}

server_stop()		# SERVER
{
	if [ "$1" = bootward ]; then
		bootward_stop
		return
	fi
	kill -TERM "$server_pid"
	wait "$server_pid" 2>/dev/null
}

# The cases of a script against the server that runs: one line each.
play()			# SCRIPT
{
	(cd "$top/tests/conform" && in_client c "$obj/tests/dhcpconf" \
	    -D "server=$server" -D "gateway=$gateway" \
	    -D "relaymac=$relay_mac" -D "pool=10.77.1.0-10.77.4.255" \
	    -D "servermac=$(net_mac bw0)" \
	    -D "onemac=$(net_mac cf1)" \
	    -D "long=$long" -D "octets255=$(echo "$long" | cut -c1-510)" \
	    -D "octets198=$(echo "$long" | cut -c1-396)" \
	    -D "octets64=$(echo "$long" | cut -c1-128)" \
	    -D "routes=$routes" -D "search=$search" \
	    eth0,eth1,eth2,eth3 "$1.dhcp") >"$tmp/results" 2>&1
}

# The same as TAP.
conform()		# SCRIPT
{
	play "$1" || :
	while read -r result name; do
		case $result in
		pass)	tap_result 0 "$name" ;;
		fail|silent) tap_result 1 "$name" || : ;;
		*)	echo "$result $name" ;;
		esac
	done <"$tmp/results"
	is "the whole of $1 was played" "$(grep -c '^[pfs]' "$tmp/results")" \
	    "$(grep -c '^case ' "$top/tests/conform/$1.dhcp")"
}
