# shellcheck shell=sh
# SPDX-License-Identifier: ISC
#
# servers.sh: the DHCP servers that are measured.  All serve the same two
# subnets, one on the wire and one behind a relay agent, with the same options
# and lease time, and each keeps its leases below $disk.  Whether an address is
# in use is checked by none of them, or by each as it does by default; Kea has
# no such check, and udhcpd no choice.  NAME_start begins what $server_pid is.
# shellcheck disable=SC2034 # what dhcp.sh and arp.sh use

: "${obj:?}" "${tmp:?}" "${log:?}" "${disk:?}" "${wire_server:?}"
dhcp_server=10.64.0.1
dhcp_relay=10.192.0.1
dhcp_lease=3600

dhcp_leases=0			# that are there already
dhcp_check=0			# 1: as each does by default
dhcp_pool_last=			# of a small pool, the same for all

# The pools, direct and relayed, of a server.  ISC dhcpd walks a list of all
# free addresses for each request: in a large pool it has no chance.
dhcp_pool()		# NAME
{
	pool_last=10.68.255.255
	relay_last=10.196.255.255
	[ "$dhcp_leases" -lt 200000 ] || pool_last=10.80.255.255
	if [ "$1" = isc ]; then
		pool_last=10.65.63.255
		relay_last=10.193.63.255
		[ "$dhcp_leases" -eq 0 ] || pool_last=10.66.198.159
	fi
	pool_first=10.65.0.0
	relay_first=10.193.0.0
	pool_last=${dhcp_pool_last:-$pool_last}
}

dhcp_wire()
{
	wire_up
	ip -n bws addr add "$dhcp_server/10" dev lan
	ip -n bwl addr add 10.64.0.2/10 dev load
	# With a shorter prefix all of its network would answer pings.
	ip -n bwl addr add "$dhcp_relay/32" dev lo
	ip -n bws route add 10.192.0.0/10 via 10.64.0.2
}

# What each is, and what it promises.
dhcp_about()		# NAME
{
	case $1 in
	bootward)	echo "commits before the ACK; probe off" ;;
	probing)	echo "bootward with probe background" ;;
	kea)	echo "memfile, never syncs; $(kea-dhcp4 -v)" ;;
	isc)	echo "fsync for each ACK; $(dhcpd --version 2>&1)" ;;
	floor)	echo "answers without thinking: what the machine needs" ;;
	dnsmasq) echo "writes the whole file; $(dnsmasq -v | head -1)" ;;
	udhcpd)	echo "no file by default; $(udhcpd --help 2>&1 | head -1)" ;;
	esac
}

# Begin with no leases, or with those of an earlier directory.
dhcp_state()		# NAME [SAVED]
{
	rm -rf "${disk:?}/$1"
	if [ $# -gt 1 ]; then
		cp -a "$disk/$2" "$disk/$1"
		sync -f "$disk/$1"
	else
		mkdir -m 755 "$disk/$1"
	fi
}

# bootward.

bootward_conf()		# PROBE
{
	cat >/etc/bootward.conf <<END
interface lan
subnet 10.64.0.0/10 {
	range $pool_first - $pool_last
	router $dhcp_server
	dns $dhcp_server
	domain "bench.example"
	lease ${dhcp_lease}s
	probe $1
}
subnet 10.192.0.0/10 {
	range $relay_first - $relay_last
	router $dhcp_relay
	dns $dhcp_server
	domain "bench.example"
	lease ${dhcp_lease}s
	probe $1
	relay $dhcp_relay
}
END
	chgrp _bootward /etc/bootward.conf
	chmod 640 /etc/bootward.conf
}

bootward_start()
{
	bootward_begin "$disk/bootward" off
}

probing_start()
{
	bootward_begin "$disk/probing" background
}

bootward_begin()	# DIRECTORY PROBE
{
	bootward_conf "$2"
	chown -R _bwstore:_bwstore "$1"
	chmod 700 "$1"
	mkdir -p /var/lib/bootward
	mount --bind "$1" /var/lib/bootward
	become_server "$obj/bootward" -d >>"$log" 2>&1 </dev/null &
	server_pid=$!
}

# A process may be gone, and its files not yet.
bootward_end()
{
	wait_until 10 umount /var/lib/bootward
}

probing_end()
{
	bootward_end
}

# What does nothing.

floor_start()
{
	become_server "$obj/tests/dhcpnull" lan "$dhcp_server" "$pool_first" &
	server_pid=$!
}

# Kea: its configuration is JSON.

kea_subnet()		# NET FIRST LAST ROUTER
{
	cat <<END
{ "subnet": "$1", "pools": [ { "pool": "$2 - $3" } ],
  "option-data": [ { "name": "routers", "data": "$4" },
    { "name": "domain-name-servers", "data": "$dhcp_server" },
    { "name": "domain-name", "data": "bench.example" } ] }
END
}

kea_start()
{
	cat >"$tmp/kea.json" <<END
{ "Dhcp4": {
  "interfaces-config": { "interfaces": [ "lan" ] },
  "lease-database": { "type": "memfile", "persist": true,
    "name": "$disk/kea/leases.csv" },
  "valid-lifetime": $dhcp_lease,
  "subnet4": [
    $(kea_subnet 10.64.0.0/10 "$pool_first" "$pool_last" $dhcp_server),
    $(kea_subnet 10.192.0.0/10 "$relay_first" "$relay_last" $dhcp_relay) ],
  "loggers": [ { "name": "kea-dhcp4", "severity": "ERROR",
    "output_options": [ { "output": "$tmp/kea.log" } ] } ]
} }
END
	mkdir -p /run/kea
	become_server kea-dhcp4 -c "$tmp/kea.json" >>"$tmp/kea.out" 2>&1 &
	server_pid=$!
}

# ISC dhcpd.  By itself it renews an address that is young without writing
# it down; here each ACK is a lease that is kept.

isc_subnet()		# NET MASK FIRST LAST ROUTER
{
	cat <<END
subnet $1 netmask $2 {
	range $3 $4;
	option routers $5;
	option domain-name-servers $dhcp_server;
	option domain-name "bench.example";
}
END
}

isc_start()
{
	isc_check=false
	[ "$dhcp_check" = 0 ] || isc_check=true
	{
		cat <<END
authoritative;
ping-check $isc_check;
dhcp-cache-threshold 0;
default-lease-time $dhcp_lease;
max-lease-time $dhcp_lease;
END
		isc_subnet 10.64.0.0 255.192.0.0 "$pool_first" "$pool_last" \
		    $dhcp_server
		isc_subnet 10.192.0.0 255.192.0.0 "$relay_first" "$relay_last" \
		    $dhcp_relay
	} >"$tmp/isc.conf"
	[ -e "$disk/isc/leases" ] || : >"$disk/isc/leases"
	become_server dhcpd -4 -f -q -cf "$tmp/isc.conf" -lf "$disk/isc/leases" \
	    -pf "$tmp/isc.pid" lan >>"$tmp/isc.out" 2>&1 &
	server_pid=$!
}

# dnsmasq.

dnsmasq_start()
{
	dnsmasq_check=--no-ping
	[ "$dhcp_check" = 0 ] || dnsmasq_check=
	neighbours 1048576
	become_server dnsmasq --keep-in-foreground --conf-file=/dev/null \
	    --port=0 --interface=lan --bind-interfaces --no-resolv \
	    ${dnsmasq_check:+"$dnsmasq_check"} \
	    --no-hosts --user=root --quiet-dhcp --dhcp-authoritative \
	    --log-facility="$tmp/dnsmasq.log" --pid-file="$tmp/dnsmasq.pid" \
	    --dhcp-leasefile="$disk/dnsmasq/leases" --dhcp-lease-max=2000000 \
	    --domain=bench.example \
	    --dhcp-range="$pool_first,$pool_last,255.192.0.0,${dhcp_lease}s" \
	    --dhcp-range="$relay_first,$relay_last,255.192.0.0,${dhcp_lease}s" \
	    --dhcp-option=option:dns-server,$dhcp_server \
	    >>"$tmp/dnsmasq.out" 2>&1 &
	server_pid=$!
}

dnsmasq_end()
{
	neighbours "$BENCH_NEIGH"
}

# udhcpd of busybox: one subnet.

udhcpd_start()
{
	cat >"$tmp/udhcpd.conf" <<END
start $pool_first
end $pool_last
interface lan
max_leases 100000
lease_file $disk/udhcpd/leases
pidfile $tmp/udhcpd.pid
option subnet 255.192.0.0
option router $dhcp_server
option dns $dhcp_server
option domain bench.example
option lease $dhcp_lease
END
	: >"$disk/udhcpd/leases"
	become_server udhcpd -f "$tmp/udhcpd.conf" >>"$tmp/udhcpd.out" 2>&1 &
	server_pid=$!
}

# Start one and see how long it takes to its first OFFER: $server_ms.
server_up()		# NAME [SECONDS]
{
	server_name=$1
	dhcp_pool "$1"
	dhcp_wire
	server_load -w -t "${2:-20}000" -f 260000 >"$tmp/offer" &
	server_waiter=$!
	server_since=$(now_ms)
	"${1}_start"
	server_pids=$server_pid
	if ! wait "$server_waiter"; then
		server_down
		return 1
	fi
	server_ms=$(($(cat "$tmp/offer") - server_since))
	# What the waiting asked for meanwhile is answered.
	sleep 0.3
	server_pids=$(family "$server_pid")
	for server_child in $(echo "$server_pids" | tr , ' '); do
		bench_nice -15 "$server_child"
	done
}

server_down()		# [SIGNAL]
{
	server_pids=$(family "$server_pid")
	end_process "${1:-TERM}" "$server_pid"
	for server_child in $(echo "$server_pids" | tr , ' '); do
		wait_until 20 pid_gone "$server_child"
	done
	! command -v "${server_name}_end" >/dev/null || "${server_name}_end"
	wire_down
}

# The load on the pool of the wire, or that behind the relay agent.
server_load()		# FLAGS...
{
	as_load "$obj/tests/dhcpbench" -m "$wire_server" -L "$dhcp_lease" "$@" \
	    load "$dhcp_server" "$pool_first" "$pool_last"
}

server_load_relayed()	# FLAGS...
{
	as_load "$obj/tests/dhcpbench" -g "$dhcp_relay" -L "$dhcp_lease" "$@" \
	    load "$dhcp_server" "$relay_first" "$relay_last"
}
