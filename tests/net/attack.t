#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Floods of made-up clients, of every kind, as fast as one machine can send
# them: hosts are served all the while, memory and log stay small, and when it
# is over everybody is served.  Then a client that takes addresses for real,
# one that declines them all, and one that gives up those of others.

top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lib.sh
. "$top/tests/lib.sh"
world_enter "$0" "$@"
world_up
seconds=${FLOOD_SECONDS:-1}
for i in 1 2 3; do
	client_new "host$i" "02:00:00:00:aa:0$i"
done
client_new c1 02:00:00:00:00:01
client_new evil 02:00:00:00:f1:00
client_new relay 02:00:00:00:00:50
in_client relay ip addr add 10.77.0.50/16 dev eth0
in_client relay ip addr add 10.99.0.1/32 dev lo
ip route add 10.99.0.0/16 via 10.77.0.50
# A flood is for the server, not for the sockets of the other clients.
bridge link set dev bwvevil isolated on
for i in host1 host2 host3 c1; do
	bridge link set dev "bwv$i" isolated on
done

figure()		# NAME
{
	ctl -j show status | tr ',{}' '\n' | sed -n "s/.*\"$1\": *//p"
}

play()			# CLIENT MAC TYPE ...
{
	play_in=$1
	shift
	in_client "$play_in" "$obj/tests/dhcpplay" eth0 "$@" >"$tmp/answer"
}

yiaddr()
{
	sed -n 's/^[a-z]* .*yiaddr=\([0-9.]*\) .*/\1/p' "$tmp/answer"
}

rss()			# DAEMON
{
	ps --no-headers -o rss= -p "$(bootward_pid_of "$1")"
}

# Hosts get their addresses, again and again, for as long as it lasts.
serves_hosts()		# FLOOD-PID
{
	serves=0
	while runs "$1"; do
		for host in host1 host2 host3; do
			if ! client_dhcp "$host" >"$tmp/udhcpc"; then
				echo "$host was not served"
				cat "$tmp/udhcpc"
				return 1
			fi
		done
		serves=$((serves + 3))
	done
	echo "$serves" >"$tmp/serves"
}

flood()			# KIND
{
	in_client evil "$obj/tests/dhcpflood" -t "$seconds" eth0 "$1" \
	    >"$tmp/flood" &
	flood_pid=$!
	ok "$1: hosts are served" serves_hosts "$flood_pid"
	wait "$flood_pid"
	is "$1: the flood was sent" $? 0
	diag "$1: $(cat "$tmp/flood"); $(cat "$tmp/serves") times served"
}

# A machine that nobody knows; each time another one.
strangers=0
stranger_is_served()
{
	strangers=$((strangers + 1))
	play c1 "$(printf '02:00:00:01:00:%02x' "$strangers")" discover \
	    wait=1000
}

conf()			# KEEP
{
	cat <<END
interface bw0
subnet 10.77.0.0/16 { range 10.77.1.0 - 10.77.1.249; $1 }
subnet 10.99.0.0/16 {
	range 10.99.1.0 - 10.99.255.249
	relay 10.99.0.1
	limit port 4
}
host "h1" { ethernet 02:00:00:00:aa:01; address 10.77.2.1 }
host "h2" { ethernet 02:00:00:00:aa:02 }
host "h3" { ethernet 02:00:00:00:aa:03 }
END
}

conf "" >"$tmp/conf"
start_bootward <"$tmp/conf"
ok "a client has a lease" client_dhcp c1
for daemon in store dhcpd arpd; do
	rss $daemon >"$tmp/rss.$daemon"
done

# 1. Those that only ask.
for kind in discover same-id same-mac relayed one-port giaddr bootp inform \
    reboot other decline release boot pxe offer noise; do
	flood $kind
	ok "then so is everybody" wait_until 15 stranger_is_served
done
ok "the first client has its address all the while" client_dhcp c1
for daemon in store dhcpd arpd; do
	before=$(cat "$tmp/rss.$daemon")
	after=$(rss $daemon)
	diag "$daemon: $before KiB before, $after KiB after"
	ok "$daemon has grown by less than 8 MiB" \
	    [ "$after" -lt $((before + 8192)) ]
done
lines=$(wc -l <"$log")
diag "$lines lines in the log"
ok "the log is short" [ "$lines" -lt 200 ]
leases=$(ctl -j show leases | grep -c '"address":"10.77.1.')
ok "hardly anybody got a lease by asking" [ "$leases" -lt 20 ]
check_alive 'requests refused' 'another DHCP server' 'is used by' 'not sent' \
    'offers without a proof'
stop_bootward

# 2. A client that declines whatever it gets, and one that gives up leases of
# others.
rm -rf /var/lib/bootward/*
for client in host1 host2 host3 c1; do
	in_client $client ip addr flush dev eth0
done
start_bootward <"$tmp/conf"
evil=02:00:00:00:f1:00
i=0
while [ $i -lt 8 ]; do
	play evil $evil discover wait=3000
	addr=$(yiaddr)
	play evil $evil request 50="$addr" 54=10.77.0.1 wait=3000
	play evil $evil decline 50="$addr" 54=10.77.0.1 wait=1
	i=$((i + 1))
done
declined()
{
	[ "$(figure decline)" -eq 8 ]
}
ok "eight declines are counted" wait_until 10 declined
is "four are not believed" "$(figure declines-doubted)" 4
ok "a client has a lease" client_dhcp c1
addr=$(client_lease c1 ip)
play evil 02:00:00:00:00:01 release l2src=$evil ciaddr="$addr" src="$addr" \
    dst=10.77.0.1 54=10.77.0.1 wait=1
play evil 02:00:00:00:00:01 decline l2src=$evil 50="$addr" 54=10.77.0.1 wait=1
play evil $evil release ciaddr="$addr" src="$addr" dst=10.77.0.1 \
    54=10.77.0.1 wait=1
sleep 1
ok "nobody else can give it up" \
    sh -c "'$obj/bootwardctl' -j show leases | grep -q '\"address\":\"$addr\"'"
ok "its client has it" client_dhcp c1
is "as before" "$(client_lease c1 ip)" "$addr"

# 3. One that takes what it can get.  What is kept for hosts is left.
flood request
ok "a stranger gets nothing" not stranger_is_served
ok "that is told" grep -q 'requests refused' "$log"
for host in host1 host2 host3; do
	ok "$host is served" client_dhcp $host
done
ok "and the first client" client_dhcp c1
finish 'requests refused' 'another DHCP server' 'is used by' 'not sent' \
    'offers without a proof' \
    ' declined '
