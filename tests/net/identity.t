#!/bin/sh
# SPDX-License-Identifier: ISC
#
# What is meant for one machine is given to no other that has taken its
# address: while it is off, besides it, in a flood of ARP, while arpd is
# started again; and to the machine itself it is.

top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lib.sh
. "$top/tests/lib.sh"

world_enter "$0" "$@"
world_up
web1=02:00:00:00:00:01
card2=02:00:00:00:00:1b
thief=02:00:00:00:00:66
client_new c1 "$web1"
client_new c2 02:00:00:00:00:02
client_new c5 02:00:00:00:00:05
client_new thief "$thief"
client_new flooder 02:00:00:00:00:77

# A floor behind a relay.
client_new relay 02:00:00:00:01:00
in_client relay ip addr add 10.77.0.2/16 dev eth0
in_client relay sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
ip netns add c3
ip -n relay link add floor type veth peer name eth0 \
    address 02:00:00:00:00:03 netns c3
ip -n relay addr add 10.99.0.1/24 dev floor
ip -n relay link set floor up
ip -n c3 link set eth0 up
ip route add 10.99.0.0/24 via 10.77.0.2

boot=/srv/bootward/boot
mkdir -p "$boot/img"
fake_kernel "$boot/img/linux"
echo initrd >"$boot/img/initrd.gz"
echo loader >"$boot/pxelinux.0"
cat >/etc/bootward/answers/test <<'END'
#!/bin/sh
echo "the secret of $host"
END
chmod 755 /etc/bootward/answers/test

start_bootward <<'END'
interface "bw0"
subnet 10.77.0.0/16 {
	range 10.77.1.0 - 10.77.1.31
	lease 1h
}
subnet 10.99.0.0/24 {
	range 10.99.0.100 - 10.99.0.119
	router 10.99.0.1
	relay 10.99.0.1
}
loader bios "pxelinux.0"
image "test" {
	kernel "img/linux"
	initrd "img/initrd.gz"
	append "url=$answer/a.cfg"
	answer "test"
}
host "web1" {
	ethernet 02:00:00:00:00:01
	ethernet 02:00:00:00:00:1b
	address 10.77.2.1
	image "test"
}
host "web2" {
	ethernet 02:00:00:00:00:02
	image "test"
}
host "web3" {
	ethernet 02:00:00:00:00:03
	image "test"
}
END
url=http://$server

get()			# CLIENT PATH: the status; then $tmp/body
{
	rm -f "$tmp/body"
	in_client "$1" curl -s --max-time 10 -o "$tmp/body" \
	    -w '%{http_code}' "$url$2" || :
}

got()			# CLIENT PATH: the status, and what of a secret is in it
{
	echo "$(get "$1" "$2") $(grep -c -e 'secret of' -e '/a/[0-9a-f]' \
	    "$tmp/body" 2>/dev/null || :)"
}

menu()			# CLIENT NAME: a menu by TFTP leads to the installer
{
	rm -f "$tmp/menu"
	in_client "$1" "$obj/tests/tftpc" get "$server" "$2" \
	    >"$tmp/menu" 2>/dev/null
	grep -q 'img/linux' "$tmp/menu"
}

trace_has()		# HOST PATTERN
{
	ctl trace "$1" | grep -q -e "$2"
}

figure()		# DAEMON NAME
{
	ctl show status | sed -n "/^$1 /,/^[a-z]/p" | tr ',' '\n' |
	    sed -n "s/^ *$2 \([0-9]*\)$/\1/p"
}

play()			# CLIENT ARGUMENTS...
{
	play_in=$1
	shift
	in_client "$play_in" "$obj/tests/arpplay" eth0 "$@"
}

thief_comes()
{
	in_client thief ip addr add 10.77.2.1/16 dev eth0
}

thief_goes()
{
	in_client thief ip addr del 10.77.2.1/16 dev eth0
}

# A fresh arpd, which has heard nothing of all this.
arpd_again()
{
	arpd_old=$(bootward_pid_of arpd)
	kill -KILL "$arpd_old"
	wait_until 60 arpd_is_new
}

arpd_is_new()
{
	arpd_new=$(bootward_pid_of arpd)
	[ -n "$arpd_new" ] && [ "$arpd_new" != "$arpd_old" ]
}

is_web1()		# the host's own file
{
	[ "$(get c1 "/a/$token/a.cfg")" = 200 ] &&
	    grep -q '^the secret of web1$' "$tmp/body"
}

# A new ticket; the machine is on, alone, and gets the menu with its token.
armed()
{
	ctl cancel web1
	ctl install -f web1
	wait_until 20 c1_has_menu
	token=$(sed -n 's|.*/a/\([0-9a-f]*\)/.*|\1|p' "$tmp/body" | head -n 1)
	[ "${#token}" -eq 32 ]
}

c1_has_menu()
{
	[ "$(got c1 /ipxe)" = "200 1" ]
}

mac_menu=pxelinux.cfg/01-02-00-00-00-00-01

# 1. The machine itself.
ok "the machine has its lease" client_dhcp c1
ok "its menu by HTTP" armed
ok "its menu by TFTP" menu c1 "$mac_menu"
ok "its answer" is_web1
ok "and again" armed

# 2. It is off, and somebody takes its address.
in_client c1 ip link set eth0 down
thief_comes
is "the answer is refused" "$(got thief "/a/$token/a.cfg")" "403 0"
is "so is the menu" "$(got thief /ipxe)" "403 0"
for name in "$mac_menu" pxelinux.cfg/default grub/grub.cfg \
    grub/grub.cfg-0A4D0201; do
	ok "and by TFTP: $name" not menu thief "$name"
done
is "nor may it say that all is done" "$(got thief "/e/$token/done")" "403 0"
is "the kernel is everybody's" "$(get thief /boot/img/linux)" 200
ok "so is a loader" [ "$(in_client thief "$obj/tests/tftpc" get "$server" \
    pxelinux.0 2>/dev/null)" = loader ]
both="10.77.2.1, which is of $web1 and used by $thief"
ok "the timeline names both" wait_until 5 trace_has web1 \
    "refused .*its answer was asked for by $both"
ok "for the menu, too" trace_has web1 "refused .*a menu was asked for by $both"
ok "and by TFTP" trace_has web1 "refused .*$mac_menu was asked for by $both"
ok "it is counted by ksd" [ "$(figure ksd conflicts)" -ge 3 ]
ok "and by tftpd" [ "$(figure tftpd conflicts)" -ge 4 ]
ok "the host is armed still" [ "$(ctl show hosts |
    sed -n 's/^web1 *\([a-z]*\) .*/\1/p')" = armed ]

# 3. Both are there: neither gets it.
in_client c1 ip link set eth0 up
in_client c1 ip addr replace 10.77.2.1/16 dev eth0
play c1 claim 10.77.2.1 "$web1" 1
is "the owner is refused while the other is there" \
    "$(got c1 "/a/$token/a.cfg")" "403 0"
play thief claim 10.77.2.1 "$thief" 1
is "the other one, too" "$(got thief "/a/$token/a.cfg")" "403 0"
ok "and by TFTP" not menu thief "$mac_menu"

# 4. It is gone.  A minute is long: a new arpd finds out by itself.  (And the
# server's kernel would remember the other one for as long as it likes.)
thief_goes
ip neigh flush dev bw0
ok "arpd is started again" arpd_again
ok "the machine gets its menu" wait_until 15 menu c1 "$mac_menu"
ok "and its answer" is_web1

# 5. An arpd that has heard nothing, and a machine that asks nothing.
ip neigh flush dev bw0
arp_server=$(ip -o link show bw0 | sed 's/.*ether \([^ ]*\).*/\1/')
in_client c1 ip neigh replace "$server" lladdr "$arp_server" dev eth0
ok "armed again" armed
kill -KILL "$(bootward_pid_of tftpd)"
kill -KILL "$(bootward_pid_of arpd)"
ok "its menu while arpd and tftpd are started again" menu c1 "$mac_menu"
wait_until 60 bootward_ready
kill -KILL "$(bootward_pid_of arpd)"
ok "its answer while arpd is started again" is_web1
wait_until 60 bootward_ready
kill -KILL "$(bootward_pid_of ksd)"
kill -KILL "$(bootward_pid_of arpd)"
ok "while ksd is, too" is_web1
wait_until 60 bootward_ready
ok "and armed again" armed
in_client c1 ip neigh del "$server" dev eth0

# 6. It is off, arpd knows nothing, and the thief needs no ARP of its own.
in_client c1 ip link set eth0 down
ok "arpd is started again" arpd_again
wait_until 60 bootward_ready
in_client thief ip addr add 10.77.2.1/16 dev eth0
in_client thief ip neigh replace "$server" lladdr "$arp_server" dev eth0
ip neigh flush dev bw0
ok "no menu" not menu thief "$mac_menu"
ok "nothing at all of a secret" not grep -q "$token" "$tmp/menu"
is "no answer" "$(got thief "/a/$token/a.cfg")" "403 0"
thief_goes
in_client thief ip neigh flush dev eth0

# 7. A flood of claims, in which arpd may miss the thief's own.
ok "arpd is started again" arpd_again
wait_until 60 bootward_ready
in_client c1 ip link set eth0 up
in_client c1 ip addr replace 10.77.2.1/16 dev eth0
ok "the machine is back" armed
in_client c1 ip link set eth0 down
ip netns exec flooder "$obj/tests/arpplay" eth0 flood 10.77.100.0 5000000 &
flood=$!
thief_comes
leaked=0 round=0
while [ "$round" -lt 10 ]; do
	round=$((round + 1))
	case $(got thief "/a/$token/a.cfg") in
	"403 0"|"503 0")	;;
	*)			leaked=$((leaked + 1)) ;;
	esac
	! menu thief "$mac_menu" || leaked=$((leaked + 1))
	ip neigh flush dev bw0
done
kill "$flood" 2>/dev/null
wait "$flood" 2>/dev/null
is "nothing leaks in a flood" "$leaked" 0
thief_goes

# 8. Its other network card is the same machine.
ip netns add b1
ip link add bwvb1 type veth peer name eth0 address "$card2" netns b1
ip link set bwvb1 master bw0 up
ip -n b1 link set eth0 up
ok "arpd is started again" arpd_again
wait_until 60 bootward_ready
in_client b1 ip addr add 10.77.2.1/16 dev eth0
c1_is_b1()
{
	[ "$(got b1 "/a/$token/a.cfg")" = "200 1" ]
}
ok "it gets the answer" wait_until 15 c1_is_b1
ip netns del b1

# 9. Behind a relay ARP says nothing: lease and token are enough.
in_client relay dhcrelay -4 -d -a -id floor -iu eth0 10.77.0.1 \
    >"$tmp/relay" 2>&1 &
wait_until 5 grep -q '^Sending on   Socket' "$tmp/relay"
ok "a machine behind a relay" client_dhcp c3
in_client c3 ip route add default via 10.99.0.1
ok "is armed" ctl install web3
ok "its menu" [ "$(got c3 /ipxe)" = "200 1" ]
far=$(sed -n 's|.*/a/\([0-9a-f]*\)/.*|\1|p' "$tmp/body" | head -n 1)
is "and its answer" "$(got c3 "/a/$far/a.cfg")" "200 1"

# 10. An address of the pool with a second user: its holder has it until it
# begins anew, and then nobody has.
ok "a lease" client_dhcp c2
was=$(client_lease c2 ip)
play thief claim "$was" "$thief" 3
ok "the timeline says what will be" wait_until 5 trace_has web2 \
    "conflict .*$was is used by $thief, too: it gets another one"
renew()
{
	in_client c2 "$obj/tests/dhcpplay" eth0 02:00:00:00:00:02 request \
	    "ciaddr=$was" "src=$was" dst="$server" l2dst="$arp_server" \
	    61=01020000000002 >"$tmp/answer"
}
renew
answer_is "its holder renews it" ack "yiaddr=$was"
ok "begins anew" client_dhcp c2
ok "and has another one" not [ "$(client_lease c2 ip)" = "$was" ]
ok "somebody else gets one" client_dhcp c5
ok "but not that" not [ "$(client_lease c5 ip)" = "$was" ]

# A reserved address stays where it belongs.
in_client c1 ip link set eth0 up
play thief claim 10.77.2.1 "$thief" 3
ok "the timeline says so" wait_until 5 trace_has web1 \
    "10.77.2.1 stays with it although $thief uses it"
ok "its machine begins anew" client_dhcp c1
is "and has it" "$(client_lease c1 ip)" 10.77.2.1

bootward_pids >"$tmp/pids"
finish "is claimed by" "is claimed in turns" 'was ended by signal 9' \
    "dhcpd: warning: 10.77.[0-9.]* is used by $thief"
