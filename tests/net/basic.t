#!/bin/sh
# SPDX-License-Identifier: ISC
#
# The whole suite: it starts, none of it is root, a client gets a lease, bad
# configurations change nothing, it reloads, and it stops without a trace.

top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lib.sh
. "$top/tests/lib.sh"

world_enter "$0" "$@"
world_up
client_new c1 02:00:00:00:00:01

conf()			# DOMAIN
{
	cat <<END
interface "bw0"
subnet 10.77.0.0/16 {
	range 10.77.1.0 - 10.77.1.31
	router 10.77.0.1
	domain "$1"
	lease 1h
}
host "c2" {
	ethernet 02:00:00:00:00:02
	address 10.77.2.2
}
END
}

cat >"$tmp/five.conf" <<'END'
interface "bw0"
subnet 10.77.0.0/33 {
}
subnet 10.78.0.0/16 {
	range 10.79.0.1 - 10.79.0.9
	lease soon
}
host "a" {
	ethernet 02:00:00:00:00:0g
}
host "b" {
	ethernet 02:00:00:00:00:0b
	image "no-such-image"
}
END

# Five lines that name the file and the line, and exit 1.
five_errors()		# COMMAND...
{
	"$@" >"$tmp/five.out" 2>&1
	[ $? -eq 1 ] && [ "$(grep -c 'five.conf:[0-9]*: ' "$tmp/five.out")" = 5 ]
}

show_five()
{
	sed 's/^/# /' "$tmp/five.out"
}

# Before anything runs.
ok "-n finds five mistakes in one run" \
    five_errors "$obj/bootward" -n -f "$tmp/five.conf" || show_five
is "-n says nothing else" "$(grep -vc 'five.conf:[0-9]*: ' "$tmp/five.out")" 0
ok "it does not start with them" \
    five_errors "$obj/bootward" -d -f "$tmp/five.conf" || show_five

conf one.example >"$tmp/conf"
start_bootward <"$tmp/conf"

# Every process of it, by its program.
processes()
{
	for daemon in bootward store dhcpd arpd tftpd ksd; do
		ps --no-headers -o uid=,comm= -C "$daemon"
	done
}
is "six processes" "$(processes | wc -l)" 6
is "none of them is root" "$(processes | grep -c '^ *0 ')" 0
is "no two have the same user" "$(processes | sort -u -k1,1 | wc -l)" 6
for daemon in store dhcpd arpd tftpd ksd; do
	ok "status shows $daemon" grep -q "^$daemon .*running" "$tmp/status"
done

# A lease, the same one again, and a reserved address.
ok "udhcpc gets a lease" client_dhcp c1
address=$(client_lease c1 ip)
case $address in
10.77.1.[0-9]|10.77.1.[12][0-9]|10.77.1.3[01])	inside=yes ;;
*)						inside=no ;;
esac
is "from the range ($address)" "$inside" yes
is "with the mask" "$(client_lease c1 mask)" 16
is "with the router" "$(client_lease c1 router)" 10.77.0.1
is "with the domain" "$(client_lease c1 domain)" one.example
is "with the time" "$(client_lease c1 lease)" 3600
is "from our address" "$(client_lease c1 serverid)" 10.77.0.1
ok "udhcpc gets a lease again" client_dhcp c1
is "the same address" "$(client_lease c1 ip)" "$address"
client_new c2 02:00:00:00:00:02
ok "a host with a reserved address gets a lease" client_dhcp c2
is "its own" "$(client_lease c2 ip)" 10.77.2.2
ctl -j show leases >"$tmp/leases"
ok "the lease is shown" grep -q "$address" "$tmp/leases"

# Reload.
log_has()		# PATTERN
{
	grep -q "$1" "$log"
}
cp "$tmp/five.conf" /etc/bootward.conf
kill -HUP "$bootward_pid"
ok "a reload with mistakes says so" wait_until 5 log_has 'bootward.conf:5: '
ok "and a client is served as before" client_dhcp c1
is "with the old domain" "$(client_lease c1 domain)" one.example
conf two.example >/etc/bootward.conf
kill -HUP "$bootward_pid"
new_domain()
{
	client_dhcp c1 && [ "$(client_lease c1 domain)" = two.example ]
}
ok "a good reload is served" wait_until 10 new_domain

# A second one with mistakes does not hurt the first.
ok "a second bootward refuses to start with mistakes" \
    five_errors "$obj/bootward" -d -f "$tmp/five.conf" || show_five
ok "the first still serves" client_dhcp c1

check_alive 'bootward.conf' 'reload'

# Stop.
stop_bootward
is "SIGTERM: a clean exit" $? 0
is "no process is left" "$(processes)" ""
is "no socket is left in its directory" "$(find /run/bootward/ -type s)" ""
ok "bootwardctl has nobody to ask" not ctl show status
cp /etc/bootward.conf "$tmp/conf"
start_bootward <"$tmp/conf"
ok "it starts again" client_dhcp c1
is "and still knows who has which address" "$(client_lease c1 ip)" "$address"
finish_only
