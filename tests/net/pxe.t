#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Machines that boot: every kind of firmware on the wire, loaders that load
# themselves, and proxy mode with port 4011 next to another DHCP server.

top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lib.sh
. "$top/tests/lib.sh"

world_enter "$0" "$@"
world_up
client_new c1 02:00:00:00:00:01

# A second network, where dnsmasq gives the addresses.
ip link add bw1 type bridge forward_delay 0 stp_state 0
ip addr add 10.78.0.1/16 dev bw1
ip link set bw1 up
for name in theirs p1 p2; do
	case $name in
	theirs)	mac=02:00:00:00:01:00 ;;
	p1)	mac=52:54:00:00:00:11 ;;
	p2)	mac=52:54:00:00:00:12 ;;
	esac
	client_new "$name" "$mac"
	ip link set "bwv$name" master bw1
done
in_client theirs ip addr add 10.78.0.2/16 dev eth0

# A kernel, and a loader of each kind: PE files say for which machine.
boot=/srv/bootward/boot
cp "$obj/store" "$boot/linux"
cp "$obj/store" "$boot/pxelinux.0"
pe()			# FILE MACHINE: two octets in octal
{
	{
		printf 'MZ'
		head -c 58 /dev/zero
		printf '\100\000\000\000PE\000\000%b' "$2"
		head -c 200 /dev/zero
	} >"$boot/$1"
}
pe bootia32.efi '\0114\0001'
pe bootx64.efi '\0144\0206'
pe bootaa64.efi '\0144\0252'

start_bootward <<'END'
interface "bw0"
interface "bw1"
subnet 10.77.0.0/16 {
	range 10.77.1.0 - 10.77.1.31
	option 209 text "menu.cfg"
	option 210 text "http://10.77.0.1/boot/"
}
subnet 10.78.0.0/16 {
	proxy
}
loader bios "pxelinux.0"
image "tiny" {
	kernel "linux"
}
host "web1" {
	ethernet 52:54:00:00:00:01
	address 10.77.2.1
	image "tiny"
}
host "web2" {
	ethernet 52:54:00:00:00:02
	image "tiny"
}
host "pi" {
	ethernet dc:a6:32:00:00:01
	image "tiny"
}
host "p1" {
	ethernet 52:54:00:00:00:11
	image "tiny"
}
host "p2" {
	ethernet 52:54:00:00:00:12
	image "tiny"
}
END

in_theirs()
{
	in_client theirs dnsmasq --no-daemon --port=0 --user=root \
	    --interface=eth0 --bind-interfaces --no-ping --log-dhcp \
	    --dhcp-range=10.78.1.1,10.78.1.99,1h --dhcp-authoritative \
	    --dhcp-leasefile="$tmp/theirs.leases" >"$tmp/theirs.log" 2>&1 &
	theirs=$!
}

play()			# CLIENT MAC TYPE NAME=VALUE...
{
	play_in=$1
	shift
	in_client "$play_in" "$obj/tests/dhcpplay" eth0 "$@" >"$tmp/answer"
}

silence()		# NAME CLIENT MAC TYPE NAME=VALUE...
{
	silence_name=$1
	shift
	play "$@" wait=300
	is "silence: $silence_name" "$? $(cat "$tmp/answer")" "1 "
}

timeline_has()		# HOST PATTERN
{
	ctl trace "$1" | grep -q "$2"
}

hex()			# TEXT
{
	printf %s "$1" | od -An -tx1 -v | tr -d ' \n'
}

mac_of()		# INTERFACE
{
	ip -o link show "$1" | sed 's/.*link.ether \([0-9a-f:]*\).*/\1/'
}

w1=52:54:00:00:00:01
pxe=$(hex PXEClient)
http=$(hex HTTPClient)
bios='60=,PXEClient:Arch:00000:UNDI:002001 93=0000'
uefi='60=,PXEClient:Arch:00007:UNDI:003016 93=0007'
uuid=97=0000112233445566778899aabbccddeeff

# 1. Firmware of every kind, where the addresses are ours.
offered()
{
	play c1 "$w1" discover && grep -q ^offer "$tmp/answer"
}
ok "armed" ctl install web1
ok "the server offers" wait_until 5 offered

firmware()		# NAME FILE CLASS VENDOR OPTION...
{
	firmware_name=$1 file=$2 class=$3 vendor=$4
	shift 4
	play c1 $w1 discover "$@" $uuid
	answer_is "$firmware_name" offer "file=$file" "60=$class" \
	    "43=$vendor" "67=$([ -z "$file" ] || hex "$file")" \
	    yiaddr=10.77.2.1
}
# shellcheck disable=SC2086 # lists of options
{
firmware "BIOS" pxelinux.0 "$pxe" 060108ff $bios
is "it says its UUID back" "$(field 97)" 0000112233445566778899aabbccddeeff
is "PXELINUX's options come, the magic first" \
    "$(tr ' ' '\n' <"$tmp/answer" | grep -n '^20[89]\|^210' |
    sed 's/^[0-9]*://' | tr '\n' ' ')" \
    "208=f100747e 209=$(hex menu.cfg) 210=$(hex http://10.77.0.1/boot/) "
firmware "x64" bootx64.efi "" "" $uefi
answer_is "where it is" offer siaddr=10.77.0.1 "66=$(hex 10.77.0.1)"
firmware "x64 as 9" bootx64.efi "" "" 60=,PXEClient 93=0009
firmware "x64 by its class alone" bootx64.efi "" "" \
    60=,PXEClient:Arch:00007:UNDI:003016
firmware "a list of architectures" bootaa64.efi "" "" 60=,PXEClient \
    93=000c000b
firmware "ia32" bootia32.efi "" "" 60=,PXEClient 93=0006
firmware "arm64" bootaa64.efi "" "" 60=,PXEClient 93=000b
firmware "HTTP" http://10.77.0.1/boot/bootx64.efi "$http" "" \
    60=,HTTPClient:Arch:00016:UNDI:003001 93=0010
firmware "HTTP by its class" http://10.77.0.1/boot/bootaa64.efi "$http" "" \
    60=,HTTPClient 93=000b
firmware "riscv64, without a loader" "" "" "" 60=,PXEClient 93=001b
firmware "PowerPC, which nobody has" "" "" "" 60=,PXEClient 93=000c
ok "its timeline says why" wait_until 5 timeline_has web1 \
    'no loader is known for architecture 12'
firmware "iPXE, raw" pxelinux.0 "" "" $bios 77=,iPXE
is "it is not to wait for a proxy" "$(field 175)" b00101
firmware "iPXE, coded" pxelinux.0 "" "" $bios 77=0469505845
firmware "an iPXE without a loader" http://10.77.0.1/ipxe "" "" \
    60=,PXEClient 93=001b 77=,iPXE
}

# A Raspberry Pi that calls itself a PC.
ok "a Pi is armed" ctl install pi
# shellcheck disable=SC2086
play c1 dc:a6:32:00:00:01 discover $bios
answer_is "a Raspberry Pi" offer siaddr=10.77.0.1 "60=$pxe" \
    "43=0601030a0400505845091400001152617370626572727920506920426f6f74ff" \
    "66=$(hex 10.77.0.1)"

# Nothing that boots for those who boot their own disk.
# shellcheck disable=SC2086
{
play c1 52:54:00:00:00:02 discover $bios 55=42d1d2
answer_is "not armed" offer siaddr=0.0.0.0 file= 60= 43= 66= 67= 208= 209= \
    210=
play c1 dc:a6:32:00:00:02 discover $bios
answer_is "nobody's Pi" offer siaddr=0.0.0.0 43= 60= 66=
}
# What does not boot gets what is configured, and only if it is.
play c1 02:bb:00:00:00:01 discover 55=d1
answer_is "a system that asks for 209" offer "209=$(hex menu.cfg)" 208= file=

# 2. Port 4011, where the lease is ours.
mac0=$(mac_of bw0)
# shellcheck disable=SC2086
play c1 $w1 request $uefi 50=10.77.2.1 54=10.77.0.1
answer_is "a lease" ack yiaddr=10.77.2.1 file=bootx64.efi
in_client c1 ip link set eth0 address $w1
in_client c1 ip addr add 10.77.2.1/16 dev eth0
boot_server()		# CLIENT MAC TYPE ADDRESS SERVER SERVER-MAC NAME=VALUE...
{
	client=$1 mac=$2 type=$3 addr=$4 server_addr=$5 server_mac=$6
	shift 6
	play "$client" "$mac" "$type" "ciaddr=$addr" "src=$addr" \
	    "dst=$server_addr" "l2dst=$server_mac" dport=4011 "$@"
}
# shellcheck disable=SC2086
{
boot_server c1 $w1 request 10.77.2.1 10.77.0.1 "$mac0" $uefi sport=2345 \
    43=47040000000aff $uuid
answer_is "port 4011" ack yiaddr=0.0.0.0 ciaddr=10.77.2.1 siaddr=10.77.0.1 \
    file=bootx64.efi "60=$pxe" 43=47040000000aff 51= dst=10.77.2.1 \
    dport=2345 54=0a4d0001
boot_server c1 $w1 inform 10.77.2.1 10.77.0.1 "$mac0" $bios
answer_is "an INFORM" ack file=pxelinux.0 43=060108ff dport=68
silence "port 4011, an address that is not its own" c1 $w1 request \
    ciaddr=10.77.1.9 src=10.77.1.9 dst=10.77.0.1 l2dst="$mac0" dport=4011 \
    $bios
silence "port 4011, a frame of somebody else" c1 $w1 request \
    ciaddr=10.77.2.1 src=10.77.2.1 dst=10.77.0.1 l2dst="$mac0" dport=4011 \
    l2src=02:00:00:00:00:09 $bios
silence "port 4011, who does not boot" c1 $w1 request ciaddr=10.77.2.1 \
    src=10.77.2.1 dst=10.77.0.1 l2dst="$mac0" dport=4011
}
ip neigh flush dev bw0

# 3. Round and round, and stopped.
ok "once more" ctl cancel web1
ok "armed anew" ctl install web1
round()
{
	# shellcheck disable=SC2086
	play c1 $w1 discover $bios
	answer=$(field file)
	# shellcheck disable=SC2086
	play c1 $w1 request $bios 50=10.77.2.1 54=10.77.0.1
	[ "$(field file)" = "$answer" ] || answer=differs
}
rounds=
for _ in 1 2 3 4 5; do
	round
	rounds="$rounds $answer"
done
is "four times, then no more" "$rounds" \
    " pxelinux.0 pxelinux.0 pxelinux.0 pxelinux.0 "
ok "its timeline says so" wait_until 5 timeline_has web1 \
    'it got the same one 4 times and came back'
is "nothing that boots" "$(field 67)$(field 66)$(field 43)" ""
# shellcheck disable=SC2086
play c1 $w1 discover $uefi 77=,iPXE
answer_is "its other stages are answered" offer file=bootx64.efi
ok "armed again" ctl cancel web1
ok "it begins anew" ctl install web1
round
is "and boots" "$answer" pxelinux.0

# 4. Where the addresses are another server's.
p1=52:54:00:00:00:11
p2=52:54:00:00:00:12
mac1=$(mac_of bw1)
ok "p1 is armed" ctl install p1
offered()
{
	# shellcheck disable=SC2086
	play p1 $p1 discover $bios $uuid && grep -q ^offer "$tmp/answer"
}
ok "the proxy offers" wait_until 5 offered
answer_is "what a PC is offered" offer yiaddr=0.0.0.0 siaddr=10.78.0.1 \
    file=pxelinux.0 "60=$pxe" 43=060108ff 54=0a4e0001 51= 1= 3= \
    97=0000112233445566778899aabbccddeeff dst=255.255.255.255 \
    l2dst=ff:ff:ff:ff:ff:ff dport=68
# shellcheck disable=SC2086
{
play p1 $p1 discover $uefi
answer_is "what UEFI is offered" offer yiaddr=0.0.0.0 file=bootx64.efi \
    "60=$pxe" 43= 51=
play p1 $p1 discover 60=,HTTPClient:Arch:00016:UNDI:003001 93=0010
answer_is "UEFI by HTTP" offer yiaddr=0.0.0.0 \
    file=http://10.78.0.1/boot/bootx64.efi "60=$http" 43=
silence "who is not armed" p2 $p2 discover $bios
silence "who does not boot" p1 $p1 discover
silence "a REQUEST to the other server" p1 $p1 request $bios 54=10.78.0.2 \
    50=10.78.1.200
silence "a REQUEST to nobody" p1 $p1 request $bios 50=10.78.1.200
silence "a RELEASE" p1 $p1 release $bios ciaddr=10.78.1.200
silence "port 4011 from an address of nowhere" p1 $p1 request $uefi \
    ciaddr=10.99.0.9 src=10.99.0.9 dst=10.78.0.1 l2dst="$mac1" dport=4011
}
is "it has no lease of ours" "$(ctl -j show leases | grep -c 10.78)" 0

# A real client, the other server, and who it is to our siblings.
in_theirs
ok "the other server gives the address" client_dhcp p1 -V d-i
addr=$(client_lease p1 ip)
is "out of its own range" "${addr%.*}" 10.78.1
fetch()			# CLIENT URL-PATH
{
	in_client "$1" curl -s -m 5 "http://10.78.0.1$2"
}
ok "its menu is the installer's" wait_until 5 sh -c \
    "ip netns exec p1 curl -s http://10.78.0.1/ipxe | grep -q linux"
ok "its machine is seen to boot" [ "$(ctl show hosts | sed -n \
    's/^p1 .*\(booting\).*/\1/p')" = booting ]
ok "another gets its address" client_dhcp p2 -V d-i
is "and no installer" "$(fetch p2 /ipxe | grep -c linux)" 0
# shellcheck disable=SC2086
{
boot_server p1 $p1 request "$addr" 10.78.0.1 "$mac1" $uefi 43=47040000000aff \
    sport=4011
answer_is "port 4011" ack yiaddr=0.0.0.0 "ciaddr=$addr" file=bootx64.efi \
    "60=$pxe" 43=47040000000aff 51= "dst=$addr" dport=4011
}

# Its siblings come back without it, and are told.
kill -KILL "$(bootward_pid_of ksd)"
ok "ksd is started again" wait_until 20 bootward_ready
bootward_pids >"$tmp/pids"
ok "it has been told whose the address is" wait_until 10 sh -c \
    "ip netns exec p1 curl -s http://10.78.0.1/ipxe | grep -q linux"

# dhcpd comes back without it, too; who has been told does not forget.
kill -KILL "$(bootward_pid_of dhcpd)"
ok "dhcpd is started again" wait_until 20 bootward_ready
bootward_pids >"$tmp/pids"
ok "the others still know whose the address is" wait_until 10 sh -c \
    "ip netns exec p1 curl -s http://10.78.0.1/ipxe | grep -q linux"
offered()
{
	# shellcheck disable=SC2086
	play p1 $p1 discover $bios && grep -q 'offer.*siaddr=10.78.0.1' \
	    "$tmp/answer"
}
ok "it answers again" wait_until 10 offered
# shellcheck disable=SC2086
boot_server p1 $p1 request "$addr" 10.78.0.1 "$mac1" $uefi
answer_is "and learns it again" ack "ciaddr=$addr" file=bootx64.efi

# p2 says that it has the address of p1: neither is believed.
play p2 $p2 request 54=10.78.0.2 "50=$addr" wait=300
ok "an address that two want is nobody's" wait_until 5 sh -c \
    "! ip netns exec p1 curl -s http://10.78.0.1/ipxe | grep -q linux"
ok "the timeline says so" wait_until 5 timeline_has p1 "$p2 says that $addr"
# shellcheck disable=SC2086
silence "nor is it answered" p1 $p1 request "ciaddr=$addr" "src=$addr" \
    dst=10.78.0.1 l2dst="$mac1" dport=4011 $uefi

kill "$theirs"
finish 'gets no boot file' 'boots in circles' 'is said to be theirs' \
    '(ksd|dhcpd).*signal' 'lost' 'started again' 'is used by' 'another DHCP server' \
    '10.78.0.2'
