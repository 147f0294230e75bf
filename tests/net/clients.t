#!/bin/sh
# SPDX-License-Identifier: ISC
#
# The clients that systems come with, through the life of a lease: dhclient,
# dhcpcd and udhcpc get, renew, rebind, reboot, move, decline and release.

top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lib.sh
. "$top/tests/lib.sh"

world_enter "$0" "$@"
world_up
client_new u 02:00:00:00:00:01
client_new d 02:00:00:00:00:02
client_new c 02:00:00:00:00:03
client_new other 02:00:00:00:00:66
set -e
ip link add bw1 type bridge forward_delay 0 stp_state 0
ip addr add 10.78.0.1/16 dev bw1
ip link set bw1 up
set +e

cat >"$tmp/conf" <<'END'
interface "bw0"
interface "bw1"
subnet 10.77.0.0/16 {
	range 10.77.1.0 - 10.77.1.31
	router 10.77.0.1
	dns 10.77.0.1
	domain "lab.example"
	lease 2m
	option 58 u32 4
	option 59 u32 8
}
subnet 10.78.0.0/16 {
	range 10.78.1.0 - 10.78.1.7
	router 10.78.0.1
	lease 20s
	probe off
}
END
start_bootward <"$tmp/conf"

# What each client says of what happens to it, a line an event, is in
# $tmp/CLIENT.said: the event and the address.

cat >"$tmp/u.sh" <<'END'
#!/bin/sh
case $1 in
deconfig)	ip addr flush dev eth0; ip link set eth0 up ;;
bound|renew)	ip addr replace "$ip/$mask" dev eth0 ;;
esac
echo "$1 $ip" >>/run/test/u.said
END
cat >"$tmp/d.sh" <<'END'
#!/bin/sh
case $reason in
PREINIT)	ip addr flush dev eth0; ip link set eth0 up ;;
BOUND|RENEW|REBIND|REBOOT) ip addr replace "$new_ip_address/16" dev eth0 ;;
EXPIRE|FAIL|STOP|RELEASE) ip addr flush dev eth0 ;;
esac
echo "$reason $new_ip_address" >>/run/test/d.said
END
cat >"$tmp/c.sh" <<'END'
#!/bin/sh
echo "$reason $new_ip_address" >>/run/test/c.said
END
chmod +x "$tmp"/?.sh
cat >"$tmp/d.conf" <<'END'
timeout 15;
retry 2;
reboot 3;
initial-interval 1;
END
cat >"$tmp/c.conf" <<'END'
ipv4only
noipv4ll
option routers, subnet_mask, domain_name
reboot 3
script /run/test/c.sh
END

u_start()		# FLAGS...
{
	in_client u udhcpc -f -R -t 8 -T 1 -i eth0 -p "$tmp/u.pid" \
	    -s "$tmp/u.sh" "$@" >>"$tmp/u.log" 2>&1 &
	u_pid=$!
}
u_stop()
{
	kill -TERM "$(cat "$tmp/u.pid")"
	wait "$u_pid"
}
d_run()			# FLAGS...
{
	in_client d dhclient -1 -v -cf "$tmp/d.conf" -sf "$tmp/d.sh" -lf \
	    "$tmp/d.leases" -pf "$tmp/d.pid" "$@" eth0 >>"$tmp/d.log" 2>&1
}
d_start()
{
	d_run -d &
	d_pid=$!
}
d_stop()		# -x or -r
{
	d_run "$1"
	wait "$d_pid"
}
c_run()			# FLAGS...
{
	in_client c dhcpcd -f "$tmp/c.conf" "$@" eth0 >>"$tmp/c.log" 2>&1
}
c_start()		# FLAGS...
{
	in_client c dhcpcd -d -B -f "$tmp/c.conf" "$@" eth0 \
	    >>"$tmp/c.log" 2>&1 &
	c_pid=$!
}
c_stop()
{
	c_run -x
	wait "$c_pid"
}

# The address that came with the last such event, or nothing.
said()			# CLIENT EVENT
{
	sed -n "s/^$2 //p" "$tmp/$1.said" 2>/dev/null | tail -n 1
}
has_said()		# CLIENT EVENT
{
	[ -n "$(said "$1" "$2")" ]
}
forget()		# CLIENT...
{
	for forget_client; do
		: >"$tmp/$forget_client.said"
		: >"$tmp/$forget_client.log"
	done
}
logged()		# CLIENT PATTERN
{
	grep -q -e "$2" "$tmp/$1.log"
}
lease_has()		# ADDRESS PATTERN
{
	ctl -j show leases | tr '{' '\n' | grep "\"$1\"" | grep -q "$2"
}
trouble()
{
	for trouble_client in u d c; do
		diag "$trouble_client: $(tail -n 20 \
		    "$tmp/$trouble_client.log" 2>/dev/null)"
	done
}

# 1. An address for everybody.
ip link set bwvu master bw1
u_start
d_start
c_start
ok "udhcpc" wait_until 15 has_said u bound
ok "dhclient" wait_until 15 has_said d BOUND
ok "dhcpcd, which looks whether the address is free" \
    wait_until 25 has_said c BOUND || trouble
u=$(said u bound) d=$(said d BOUND) c=$(said c BOUND)
is "of their segments" "$(echo "$u $d $c" | grep -c \
    '^10\.78\.1\.[0-9]* 10\.77\.1\.[0-9]* 10\.77\.1\.[0-9]*$')" 1
is "each its own" "$([ "$d" != "$c" ] && echo yes)" yes

# 2. They renew by themselves.
forget u d c
ok "udhcpc renews" wait_until 25 has_said u renew
ok "dhclient renews" wait_until 25 has_said d RENEW
ok "dhcpcd renews" wait_until 25 has_said c RENEW
is "what they have" "$(said u renew) $(said d RENEW) $(said c RENEW)" "$u $d $c"

# 3. They do not reach the server, but all servers: REBINDING.
for n in "u 10.78.0.1" "d 10.77.0.1" "c 10.77.0.1"; do
	ip -n "${n% *}" neigh replace "${n#* }" lladdr 02:de:ad:00:00:01 \
	    dev eth0 nud permanent
done
forget u d c
ok "udhcpc rebinds" wait_until 40 has_said u renew || trouble
ok "dhclient rebinds" wait_until 40 has_said d RENEW || trouble
ok "by broadcast" logged d 'DHCPREQUEST .* to 255.255.255.255'
ok "dhcpcd rebinds" wait_until 40 has_said c REBIND || trouble
is "what they have" "$(said u renew) $(said d RENEW) $(said c REBIND)" \
    "$u $d $c"
for n in "u 10.78.0.1" "d 10.77.0.1" "c 10.77.0.1"; do
	ip -n "${n% *}" neigh del "${n#* }" dev eth0
done

# 4. Client and server start anew: INIT-REBOOT.
d_stop -x
c_stop
stop_bootward
start_bootward <"$tmp/conf"
forget d c
d_start
ok "dhclient comes back" wait_until 15 has_said d REBOOT || trouble
is "to its address, at once" "$(said d REBOOT)" "$d"
c_start
ok "dhcpcd comes back" wait_until 20 has_said c BOUND || trouble
is "to its address" "$(said c BOUND)" "$c"
ok "at once" logged c "rebinding lease of $c"

# 5. They take their machine somewhere else.
forget u d c
d_stop -x
c_stop
for n in d c; do
	ip link set bwv$n master bw1
	in_client $n ip addr flush dev eth0
done
d_start
ok "dhclient on another segment" wait_until 20 has_said d BOUND || trouble
ok "was refused its old address" logged d DHCPNAK
ok "and has one of there" expr "$(said d BOUND)" : '10\.78\.1\.'
c_start
ok "dhcpcd on another segment" wait_until 25 has_said c BOUND || trouble
ok "was refused its old address" logged c NAK
ok "and has one of there" expr "$(said c BOUND)" : '10\.78\.1\.'
# What is left of a lease of 20 s that is renewed after 10 s is longer than that.
d_stop -r
ok "dhclient releases" wait_until 9 not lease_has "$(said d BOUND)" bound ||
    trouble
c_run -k
ok "dhcpcd releases" wait_until 9 not lease_has "$(said c BOUND)" bound ||
    trouble
wait "$c_pid"
u_stop
ok "udhcpc releases" wait_until 9 not lease_has "$u" bound || trouble

# 6. Somebody sits on an address, and the server does not know: DECLINE.
for n in 0 1 2 3 4 5; do
	in_client other ip addr add 10.78.1.$n/16 dev eth0
done
ip link set bwvother master bw1
forget u c
rm -f /var/lib/dhcpcd/*.lease
u_start -a
c_start
ok "udhcpc between squatters" wait_until 40 has_said u bound || trouble
ok "dhcpcd between squatters" wait_until 60 has_said c BOUND || trouble
is "they have the two that are free" \
    "$(printf '%s\n' "$(said u bound)" "$(said c BOUND)" | sort |
    tr '\n' ' ')" "10.78.1.6 10.78.1.7 "
ok "the server knows: declined" grep -q 'declined 10\.78\.1\.[0-5]: ' "$log"
u_stop
c_run -k
wait "$c_pid"

# 7. Other ways to ask.
ip link set bwvd master bw0
ip link set bwvc master bw0
forget d c
echo 'send dhcp-client-identifier 01:c0:ff:ee;' >>"$tmp/d.conf"
rm -f "$tmp/d.leases" /var/lib/dhcpcd/*.lease
d_start
ok "dhclient with a client id" wait_until 20 has_said d BOUND || trouble
ok "is known by it" lease_has "$(said d BOUND)" 01c0ffee
is "and has another address than without" "$([ "$(said d BOUND)" != "$d" ] &&
    echo yes)" yes
d_stop -r
in_client c ip addr add 10.77.9.9/16 dev eth0
c_start -s 10.77.9.9/16
ok "dhcpcd that only informs itself" wait_until 20 has_said c INFORM || trouble
is "of an address that is its own" "$(said c INFORM)" 10.77.9.9
ok "which is no lease" not lease_has 10.77.9.9 bound
c_stop

finish 'declined 10' 'somebody else uses it' 'is used by'
