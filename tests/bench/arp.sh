# shellcheck shell=sh
# SPDX-License-Identifier: ISC
#
# arp.sh: DISCOVER to OFFER while addresses are checked before they are given
# out, each server as it does by default: one client, 20 and 200 in the same
# moment, and where half of the pool is used by machines that got nothing from
# the server.  For bootward also just after its start, and what its proofs
# cost.  Clients ask again as RFC 2131 says, for one or two minutes at most;
# those among squatters give up after 30 s.

: "${top:?}" "${obj:?}" "${tmp:?}" "${results:?}" "${reps:?}" "${slow:?}"
: "${dhcp_server:=}" "${wire_server:?}" "${cpu_load:=1}"
# shellcheck source=tests/bench/servers.sh
. "$top/tests/bench/servers.sh"

arp_warm_s=5			# from the start to the first request
arp_calm_s=25			# until there is nothing left to be proven
arp_steps=${BENCH_STEPS:-alike squat cold cost}
arp_servers=${BENCH_SERVERS:-probing bootward isc dnsmasq udhcpd kea}

bench_arp()
{
	dhcp_check=1
	for arp_name in $arp_servers; do
		echo "$(arp_label "$arp_name"): $(arp_about "$arp_name")"
	done
	for arp_step in $arp_steps; do
		arp_rep=0
		while [ $((arp_rep += 1)) -le "$reps" ]; do
			for arp_name in $arp_servers; do
				arp_takes_turn "$arp_name" || continue
				"arp_$arp_step" "$arp_name"
			done
		done
		print_table arp "$arp_step"
	done
	print_table arp goals
}

# "bootward" of servers.sh is the one that proves nothing.
arp_label()		# NAME
{
	case $1 in
	probing) echo bootward ;;
	bootward) echo unproven ;;
	*)	echo "$1" ;;
	esac
}

arp_about()		# NAME
{
	case $1 in
	probing) echo "probe background, the default: ARP, beforehand" ;;
	bootward) echo "bootward with probe off" ;;
	isc)	echo "ping, 1 s; $(dhcp_about isc)" ;;
	dnsmasq) echo "ping, 3 s; $(dhcp_about dnsmasq)" ;;
	udhcpd)	echo "ARP, 2 s; $(dhcp_about udhcpd)" ;;
	kea)	echo "no check; $(dhcp_about kea)" ;;
	esac
}

# Those that wait for each client in turn take minutes.
arp_takes_turn()	# NAME
{
	case $1 in
	dnsmasq|udhcpd)	[ "$arp_rep" -eq 1 ] || [ "$slow" = 1 ] ;;
	esac
}

# The server with a pool up to LAST, in which SQUAT... are.
arp_up()		# NAME LAST SQUAT-FLAGS...
{
	server_name=$1
	dhcp_pool_last=$2
	shift 2
	dhcp_state "$server_name"
	dhcp_pool "$server_name"
	dhcp_wire
	become_load "$obj/tests/squat" "$@" load "$pool_first" "$pool_last" \
	    >"$tmp/squat" &
	arp_squat=$!
	arp_first=0
	"${server_name}_start"
	if ! wait_until 20 arp_ready; then
		echo "$(arp_label "$server_name") does not start"
		arp_down
		return 1
	fi
	server_pids=$(family "$server_pid")
	for server_child in $(echo "$server_pids" | tr , ' '); do
		bench_nice -15 "$server_child"
	done
}

arp_ready()
{
	case $server_name in
	probing|bootward)
		# shellcheck disable=SC2034 # what tests/lib.sh looks at
		bootward_pid=$server_pid
		bootward_ready ;;
	*)	grep -q '^ *[0-9]*: [0-9A-F]*:0043 ' \
		    "/proc/$server_pid/net/udp" ;;
	esac
}

arp_down()
{
	end_process TERM "$arp_squat"
	server_down
}

# So many clients at once, that many times; $arp_offers is what came of it.
arp_clients()		# NUMBER BURSTS GAP-MS FLAGS...
{
	arp_n=$1 arp_k=$2 arp_gap=$3
	shift 3
	arp_offers=$(as_load "$obj/tests/dhcpoffer" -L "$dhcp_lease" \
	    -f "$arp_first" -n "$arp_n" -k "$arp_k" -g "$arp_gap" "$@" \
	    load "$dhcp_server" "$pool_first" "$pool_last" \
	    2>>"$tmp/complaints")
	arp_first=$((arp_first + arp_n * arp_k))
}

# 1. All alike.

arp_alike()		# NAME
{
	arp_up "$1" 10.65.7.255 || return
	sleep "$arp_warm_s"
	case $1 in
	dnsmasq|udhcpd)
		alike_alone=2 alike_some=1 ;;
	isc)	alike_alone=5 alike_some=3 ;;
	*)	alike_alone=50 alike_some=10 ;;
	esac
	arp_clients 1 "$alike_alone" 100
	result alike "$1" 1 "$arp_offers"
	sleep 1
	arp_clients 20 "$alike_some" 500 -t 120000
	result alike "$1" 20 "$arp_offers"
	case $1 in
	dnsmasq|udhcpd)
		;;
	*)	sleep 1
		arp_clients 200 1 0
		result alike "$1" 200 "$arp_offers" ;;
	esac
	arp_down
	result alike "$1" frames "$(cat "$tmp/squat")" \
	    "clients=$arp_first"
}

# 2. Every other address is somebody's.

arp_squat()		# NAME
{
	arp_squat_one "$1" quiet
	arp_squat_one "$1" pinged -p
}

arp_squat_one()		# NAME CASE FLAGS...
{
	squat_case=$2
	squat_name=$1
	shift 2
	arp_up "$squat_name" 10.65.0.127 -x 2 "$@" || return
	sleep "$arp_warm_s"
	arp_clients 10 1 0 -t 30000 -x 2
	arp_down
	result squat "$squat_name" "$squat_case" "$arp_offers" \
	    "$(cat "$tmp/squat")"
}

# 3. As soon as it says that it runs.

arp_cold()		# NAME
{
	case $1 in
	probing|bootward) ;;
	*)	return ;;
	esac
	for cold_n in 1 20 200; do
		arp_up "$1" 10.65.7.255 || return
		arp_clients "$cold_n" 1 0
		result cold "$1" "$cold_n" "$arp_offers"
		arp_down
	done
}

# 4. What proofs cost.

arp_cost()		# NAME
{
	[ "$1" = probing ] || return
	arp_up probing 10.65.63.255 || return
	cost_pid=$(bootward_pid_of arpd)
	sleep "$arp_calm_s"
	cost_idle=$(arp_figures)
	# What a quiet network hears, in a time of peace.
	sleep 10
	cost_rest=$(arp_figures)
	arp_clients 500 12 400
	sleep "$arp_warm_s"
	result cost probing idle "$cost_idle"
	result cost probing rest "$cost_rest"
	result cost probing burst "$arp_offers"
	result cost probing end "$(arp_figures)"
	arp_down
	result cost probing frames "$(cat "$tmp/squat")"
}

# What arpd says and what the kernel says of it: KiB, microseconds.
arp_figures()
{
	echo "proven=$(arp_counter proven)" "stock=$(arp_counter proven-now)" \
	    "sent=$(arp_counter probes-sent)" \
	    "rss=$(ps --no-headers -o rss= -p "$cost_pid" | tr -d ' ')" \
	    "cpu=$(($(cut -d ' ' -f 1 "/proc/$cost_pid/schedstat") / 1000))"
}

arp_counter()		# NAME
{
	ctl show status | sed -n '/^arpd/,/^tftpd/p' | tr ',' '\n' |
	    sed -n "s/^ *$1 //p"
}
