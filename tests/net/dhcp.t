#!/bin/sh
# SPDX-License-Identifier: ISC
#
# dhcpd on the wire: RFC 2131's messages one by one, real clients, machines
# that boot, floods and noise, and interfaces that come and go.

top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lib.sh
. "$top/tests/lib.sh"

world_enter "$0" "$@"
world_up
client_new c1 02:00:00:00:00:01
client_new c2 02:00:00:00:00:02
client_new far 02:00:00:00:00:03
in_client far ip addr add 10.77.3.3/16 dev eth0
# Somebody sits on the first address.
client_new squatter 02:00:00:00:00:66
in_client squatter ip addr add 10.77.1.0/16 dev eth0

# A kernel, a loader for each firmware.
boot=/srv/bootward/boot
cp "$obj/store" "$boot/linux"
cp "$obj/store" "$boot/pxelinux.0"
{
	printf 'MZ'
	head -c 58 /dev/zero
	printf '\100\000\000\000PE\000\000\144\206'
	head -c 200 /dev/zero
} >"$boot/boot.efi"

cat >"$tmp/conf" <<'END'
interface "bw0"
subnet 10.77.0.0/16 {
	range 10.77.1.0 - 10.77.1.31
	range 10.77.16.0 - 10.77.31.255
	router 10.77.0.1
	dns 10.77.0.1 10.77.0.2
	domain "lab.example"
	lease 1h
	option 42 address 10.77.0.9
}
subnet 10.99.0.0/24 {
	range 10.99.0.10 - 10.99.0.19
	relay 10.99.0.1
}
loader bios "pxelinux.0"
loader efi64 "boot.efi"
loader efi64-http "boot.efi"
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
END
ip route add 10.99.0.0/24 dev bw0
start_bootward <"$tmp/conf"

silence=	# which case it is

# One message from a client; its answer is a line in $tmp/answer.
play()			# MAC TYPE NAME=VALUE...
{
	in_client c1 "$obj/tests/dhcpplay" eth0 "$@" >"$tmp/answer"
}

silence()		# MAC TYPE NAME=VALUE...
{
	play "$@" wait=300
	is "silence: $silence" "$? $(cat "$tmp/answer")" "1 "
}

a=02:aa:00:00:00:0a
b=02:aa:00:00:00:0b
us=54=10.77.0.1

# 1. The four messages, octet by octet (RFC 2131 3.1, table 3).
offered()
{
	play "$@" && [ "$(kind)" = offer ]
}
ok "DISCOVER is answered" wait_until 5 offered $a discover
addr=$(field yiaddr)
answer_is "the OFFER" offer siaddr=0.0.0.0 ciaddr=0.0.0.0 file= \
    l2dst=$a "dst=$addr" src=10.77.0.1 dport=68 54=0a4d0001 51=00000e10 \
    58=00000708 59=00000c4e 1=ffff0000 3=0a4d0001 28=0a4dffff \
    6=0a4d00010a4d0002 42=0a4d0009 67= 66= 43= 60=
ok "it is padded (RFC 1542 2.1)" [ "$(field len)" -ge 300 ]
is "the squatter's address is not offered" \
    "$(echo "$addr" | grep -x 10.77.1.0)" ""
play $a discover
answer_is "another DISCOVER, the same address" offer "yiaddr=$addr"
play $a discover flags=8000
answer_is "with the broadcast flag (4.1)" offer "yiaddr=$addr" \
    l2dst=ff:ff:ff:ff:ff:ff dst=255.255.255.255 flags=8000
play $b discover
other=$(field yiaddr)
is "another client, another address" "$([ "$other" != "$addr" ] && echo yes)" \
    yes
play $a request "50=$addr" $us
answer_is "REQUEST, the ACK" ack "yiaddr=$addr" 54=0a4d0001 51=00000e10 \
    siaddr=0.0.0.0 1=ffff0000
lease_has()		# ADDRESS PATTERN
{
	ctl -j show leases | tr '{' '\n' | grep "\"$1\"" | grep -q "$2"
}
ok "it is on disk" lease_has "$addr" "$a"
play $a discover 61=ff0102030405
answer_is "a new client id is a new client (4.2)" offer 61=ff0102030405
is "with an address of its own" "$([ "$(field yiaddr)" != "$addr" ] &&
    echo yes)" yes

# 2. REQUEST in all states, and what must be refused or not answered (4.3.2).
play $b request "50=$addr" $us
answer_is "SELECTING another's address: NAK" nak l2dst=ff:ff:ff:ff:ff:ff \
    dst=255.255.255.255 yiaddr=0.0.0.0 54=0a4d0001 51= 1=
silence="the client chose another server" silence $b request "50=$other" \
    54=10.77.0.99
play $a request "50=$addr"
answer_is "INIT-REBOOT" ack "yiaddr=$addr"
silence="INIT-REBOOT without a record" silence 02:aa:00:00:00:99 request \
    50=10.77.1.30
play $a request 50=192.168.7.7
answer_is "INIT-REBOOT on the wrong network" nak
play $a request 50=10.77.1.30
answer_is "INIT-REBOOT with a wrong address" nak
in_client c1 ip addr add "$addr/16" dev eth0
play $a request "ciaddr=$addr"
answer_is "REBINDING" ack "yiaddr=$addr" "ciaddr=$addr"
play $b request "ciaddr=$addr"
answer_is "REBINDING another's" nak
silence="REQUEST for nothing" silence $a request
in_client c1 ip addr flush dev eth0

# 3. RELEASE, DECLINE, INFORM (4.3.3 to 4.3.5).
play $a release "ciaddr=$addr" $us l2src=02:00:00:00:00:66 wait=100
ok "a RELEASE by somebody else changes nothing" lease_has "$addr" bound
play $a release "ciaddr=$addr" $us 61=ff0102 wait=100
ok "nor by another client id" lease_has "$addr" bound
play $a release "ciaddr=$addr" $us wait=100
ok "RELEASE" wait_until 3 not lease_has "$addr" bound
play $a discover
answer_is "its old address is still its first choice" offer "yiaddr=$addr"
play $a request "50=$addr" $us
play $a decline "50=$addr" wait=100
play $a discover
answer_is "a DECLINE without a server is none" offer "yiaddr=$addr"
play $a decline "50=$addr" $us wait=100
play $a discover
is "after DECLINE another address" "$([ "$(field yiaddr)" != "$addr" ] &&
    echo yes)" yes
in_client c1 ip addr add 10.77.3.4/16 dev eth0
play 02:00:00:00:00:01 inform ciaddr=10.77.3.4
answer_is "INFORM" ack yiaddr=0.0.0.0 ciaddr=10.77.3.4 51= 1=ffff0000
in_client c1 ip addr flush dev eth0
silence="INFORM from elsewhere" silence $a inform ciaddr=192.168.7.7

# 4. What is not for us, or not from a client.
silence="an OFFER" silence $a offer
silence="for another address" silence $a discover dst=10.77.3.3
silence="BOOTP" silence $a 0
silence="a relay agent that nobody knows" silence $a discover \
    giaddr=10.98.0.1

# A relay agent that is known: to its port 67, its option 82 last (RFC 3046).
in_client c1 ip addr add 10.99.0.1/24 dev eth0
bridge=$(ip -o link show bw0 | sed 's/.*ether \([^ ]*\).*/\1/')
relay="giaddr=10.99.0.1 dst=10.77.0.1 src=10.99.0.1 sport=67 hops=1
    82=0104aabbccdd0202eeff l2dst=$bridge"
# shellcheck disable=SC2086	# words
play $a discover $relay
answer_is "relayed DISCOVER" offer giaddr=10.99.0.1 dst=10.99.0.1 dport=67 \
    1=ffffff00 54=0a4d0001 82=0104aabbccdd0202eeff
is "option 82 is the last one" "$(sed 's/.* //' "$tmp/answer")" \
    82=0104aabbccdd0202eeff
relayed=$(field yiaddr)
# shellcheck disable=SC2086
play $a request "50=$relayed" $us $relay
answer_is "relayed REQUEST" ack "yiaddr=$relayed" dst=10.99.0.1 dport=67
# shellcheck disable=SC2086
play $a request 50=192.168.7.7 $relay
answer_is "relayed NAK, with the broadcast flag" nak flags=8000 dst=10.99.0.1
in_client c1 ip addr flush dev eth0

# 5. Machines that boot.
w1=52:54:00:00:00:01
w2=52:54:00:00:00:02
uuid=97=0033221100554477668899aabbccddeeff
bios="60=,PXEClient:Arch:00000:UNDI:002001 93=0000 $uuid"
efi="60=,PXEClient:Arch:00007:UNDI:003000 93=0007 $uuid"
http="60=,HTTPClient:Arch:00016:UNDI:003000 93=0010 $uuid"

# shellcheck disable=SC2086	# words
boots()			# MAC WORDS: DISCOVER and REQUEST
{
	boots_mac=$1
	shift
	play "$boots_mac" discover "$@" && play "$boots_mac" request "$@" $us \
	    "50=$(field yiaddr)"
}
nothing="siaddr=0.0.0.0 file= 66= 67= 43= 60="
# shellcheck disable=SC2086
{
boots $w1 $bios
answer_is "a host that is not armed: an address, no boot file" ack \
    yiaddr=10.77.2.1 $nothing 12=77656231
boots 52:54:00:00:00:99 $bios
answer_is "an unknown machine: the same" ack $nothing
ok "install" ctl install web1 web2
play $w1 discover
answer_is "armed, but not from firmware" offer yiaddr=10.77.2.1 $nothing
boots $w1 $bios
answer_is "armed, BIOS" ack yiaddr=10.77.2.1 siaddr=10.77.0.1 file=pxelinux.0 \
    66=31302e37372e302e31 67=7078656c696e75782e30 43=060108ff \
    60=505845436c69656e74 97=0033221100554477668899aabbccddeeff
state_is()		# HOST STATE
{
	ctl show hosts | grep "^$1 " | grep -q "$2"
}
ok "it is booting" wait_until 3 state_is web1 booting
boots $w1 $bios
answer_is "again" ack file=pxelinux.0
boots $w1 $efi
answer_is "UEFI" ack file=boot.efi siaddr=10.77.0.1 60=505845436c69656e74
boots $w1 $http
answer_is "UEFI HTTP boot" ack file=http://10.77.0.1/boot/boot.efi \
    60=48545450436c69656e74 43=
boots $w1 $bios 77=,iPXE
answer_is "iPXE need not wait for a proxy" ack file=pxelinux.0 175=b00101
boots $w1 "60=,PXEClient:Arch:00099:UNDI:003000" 93=0063 $uuid
answer_is "an architecture without a loader" ack $nothing
}
timeline()		# HOST PATTERN
{
	ctl trace "$1" | grep -q "$2"
}
ok "its timeline: discover" wait_until 3 timeline web1 'discover.*Arch:00000'
ok "its timeline: offer" timeline web1 'offer.*10.77.2.1.*pxelinux.0'
ok "its timeline: ack" timeline web1 'ack.*10.77.2.1.*pxelinux.0'
ok "its timeline: local" timeline web1 'local.*own disk'
ok "its timeline: no loader" timeline web1 'architecture 99'

# One machine, five client ids, one address, one lease.
# shellcheck disable=SC2086
play $w2 discover $bios
mine=$(field yiaddr)
addresses=
for id in '' 61=01525400000002 61=ff00000001000100010102 61=01525400000002 \
    61=ff0000770100010001aabbccdd52540000; do
	case $id in
	''|61=01525400000002)	stage=$bios ;;
	*)			stage= ;;
	esac
	# shellcheck disable=SC2086
	boots $w2 $stage $id
	addresses="$addresses $(field yiaddr)"
done
is "five client ids, one address" "$addresses" " $mine $mine $mine $mine $mine"
is "and one lease" "$(ctl -j show leases | tr '{' '\n' | grep -c $w2)" 1

# 6. Real clients.
ok "udhcpc" client_dhcp c1
first=$(client_lease c1 ip)
is "domain" "$(client_lease c1 domain)" lab.example
ok "udhcpc that probes by ARP" client_dhcp c1 -a
is "gets the same address" "$(client_lease c1 ip)" "$first"
BW_LEASE=$tmp/lease.renew in_client c1 udhcpc -f -R -i eth0 -p "$tmp/pid" \
    -s "$tmp/udhcpc.script" >"$tmp/udhcpc" 2>&1 &
ok "udhcpc stays" wait_until 10 test -s "$tmp/lease.renew.bound"
kill -USR1 "$(cat "$tmp/pid")"
ok "and renews" wait_until 5 test -s "$tmp/lease.renew.renew"
kill -TERM "$(cat "$tmp/pid")"
wait $!
ok "and releases" wait_until 3 not lease_has "$first" bound

cat >"$tmp/dhclient.conf" <<'END'
timeout 15;
retry 2;
END
cat >"$tmp/dhclient.sh" <<'END'
#!/bin/sh
echo "$reason $new_ip_address $new_domain_name" >>/run/test/dhclient.said
END
chmod +x "$tmp/dhclient.sh"
dhclient_run()		# ARGUMENTS...
{
	in_client c2 dhclient -1 -v -cf "$tmp/dhclient.conf" -sf \
	    "$tmp/dhclient.sh" -lf "$tmp/dhclient.leases" -pf \
	    "$tmp/dhclient.pid" "$@" eth0 >"$tmp/dhclient" 2>&1
}
ok "dhclient" dhclient_run
ok "is bound" grep -q '^BOUND 10.77.[0-9.]* lab.example' "$tmp/dhclient.said"
dhclient_run -x
ok "dhclient again" dhclient_run
ok "comes back with its address" grep -q 'REBOOT 10.77' "$tmp/dhclient.said"
dhclient_run -x
sed -i 's/fixed-address .*/fixed-address 192.168.7.7;/' "$tmp/dhclient.leases"
: >"$tmp/dhclient.said"
ok "dhclient from another network" dhclient_run
ok "was refused its address" grep -q DHCPNAK "$tmp/dhclient"
ok "and got one of here" grep -q '^BOUND 10.77.' "$tmp/dhclient.said"
ok "dhclient releases" dhclient_run -r

# 7. Many at once, and noise.
naks=$(counter nak)
in_client far "$obj/tests/dhcpstorm" -n 2000 -w 256 -t 60 -o "$tmp/acked" \
    eth0 2>"$tmp/storm"
is "2,000 clients, no address twice" $? 0 || diag "$(cat "$tmp/storm")"
is "not one NAK" "$(counter nak)" "$naks"
in_client far "$obj/tests/dhcpplay" eth0 02:00:00:00:00:03 noise 50000
ok "50,000 broken messages: it counts them" [ "$(counter malformed)" -gt 1000 ]
ok "and serves" client_dhcp c1

# 8. Without the store nothing is promised (nobody restarts it meanwhile).
store=$(bootward_pid_of store)
play $b discover
wanted=$(field yiaddr)
kill -STOP "$store"
silence="REQUEST while the disk does not answer" silence $b request \
    "50=$wanted" $us
kill -CONT "$store"
granted()
{
	play "$b" request "50=$wanted" "$us" && [ "$(kind)" = ack ]
}
ok "and then it is granted" wait_until 5 granted
ok "and on disk" lease_has "$wanted" $b

# 9. Interfaces.
ip addr del 10.77.0.1/16 dev bw0
no_address()
{
	! play "$a" discover wait=300
}
ok "no address on the interface: silence" wait_until 3 no_address
ip addr add 10.77.0.1/16 dev bw0
ok "with it again: served within a second" wait_until 2 offered $a discover
members=$(ip -o link show master bw0 | sed 's/^[0-9]*: \([^@:]*\).*/\1/')
ip link del bw0
ip link add bw0 type bridge forward_delay 0 stp_state 0
for member in $members; do
	ip link set "$member" master bw0
done
ip addr add 10.77.0.1/16 dev bw0
ip link set bw0 up
ok "the interface is made anew: served" wait_until 3 offered $a discover
ok "with an ACK" client_dhcp c1

finish 'requests refused' 'somebody else uses it' 'is used by' 'bw0' \
    'malformed' 'not sent' 'gets no boot file'
