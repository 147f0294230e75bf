# shellcheck shell=sh
# SPDX-License-Identifier: ISC
#
# dhcp.sh: DHCP.  What a server does with so many clients at once, new ones,
# renewing ones and relayed ones; how often it waits for the disk; what leases
# that it already has cost; and how long it takes to start with them.

: "${top:?}" "${results:?}" "${reps:?}" "${run_ms:?}" "${slow:?}"
: "${cpu_load:=1}"
# shellcheck source=tests/bench/servers.sh
. "$top/tests/bench/servers.sh"

dhcp_levels="1 8 16 64 256"
dhcp_level_clients=40000	# new ones in each measurement, then again
dhcp_steps=${BENCH_STEPS:-rate sync scale start}
dhcp_servers=${BENCH_SERVERS:-floor bootward probing kea isc dnsmasq}

bench_dhcp()
{
	for dhcp_name in $dhcp_servers; do
		echo "$dhcp_name: $(dhcp_about "$dhcp_name")"
	done
	for dhcp_step in $dhcp_steps; do
		"dhcp_$dhcp_step"
		print_table dhcp "$dhcp_step"
	done
	print_table dhcp goals
}

# Every server in turn, and that several times.
dhcp_each()		# FUNCTION SERVERS
{
	dhcp_rep=0
	while [ $((dhcp_rep += 1)) -le "$reps" ]; do
		for dhcp_name in $2; do
			"$1" "$dhcp_name"
		done
	done
}

# The servers but for these.
dhcp_without()		# NAMES
{
	for without_name in $dhcp_servers; do
		case " $* " in
		*" $without_name "*) ;;
		*)	echo "$without_name" ;;
		esac
	done
}

dhcp_clients()		# NAME
{
	case $1 in
	isc)	echo 3200 ;;
	*)	echo $dhcp_level_clients ;;
	esac
}

# The rate -------------------------------------------------------------------

dhcp_rate()
{
	dhcp_each dhcp_rate_one "$dhcp_servers"
}

# A client that is alone sleeps until it is answered, as they do; a load that
# never sleeps would find the server still awake from the time before.
dhcp_rate_one()		# NAME
{
	dhcp_state "$1"
	if ! server_up "$1"; then
		echo "$1 does not start"
		return
	fi
	[ "$1" = floor ] ||
	    result mem "$1" idle "$(memory_of "$server_pids")"
	rm -f "$tmp/leases" "$tmp/leases.relayed"
	rate_first=0
	rate_n=$(dhcp_clients "$1")
	for rate_level in $dhcp_levels; do
		rate_alone=
		[ "$rate_level" -gt 1 ] || rate_alone=-s
		rate_run rate "$rate_level" server_load -o "$rate_level" \
		    ${rate_alone:+"$rate_alone"}
	done
	if [ "$1" != floor ]; then
		dhcp_rate_rest "$1"
	fi
	server_down
}

dhcp_rate_rest()	# NAME
{
	rate_n=500
	rate_first=0
	rate_run renew 64 server_load -o 64 -R
	rate_n=$(dhcp_clients "$1")
	rate_run relayed 64 server_load_relayed -o 64
	rate_n=1000
	rate_first=400000
	rate_run burst 1000 server_load -o 1000 -1 -r 1000 -t 10000 -T 4000
	result mem "$1" after "$(memory_of "$server_pids")"
}

# One measurement, with clients of its own.
rate_run()		# TABLE CASE LOAD FLAGS...
{
	rate_table=$1
	rate_case=$2
	rate_load=$3
	shift 3
	rate_leases=$tmp/leases
	[ "$rate_load" = server_load ] || rate_leases=$tmp/leases.relayed
	result "$rate_table" "$server_name" "$rate_case" "$("$rate_load" \
	    -t "$run_ms" -p "$server_pids" -l "$rate_leases" \
	    -f "$rate_first" -c "$rate_n" "$@" 2>>"$tmp/complaints")"
	rate_first=$((rate_first + rate_n))
}

# Waiting for the disk -------------------------------------------------------

dhcp_sync()
{
	dhcp_each dhcp_sync_one "$(dhcp_without floor probing)"
}

dhcp_sync_one()		# NAME
{
	dhcp_state "$1"
	server_up "$1" || return
	rate_n=$(dhcp_clients "$1")
	rate_first=0
	for sync_level in 1 16 64; do
		result sync "$1" "$sync_level" "$(count_calls "$server_pids" \
		    nsenter --net=/run/netns/bwl nice -n -15 \
		    taskset -c "$cpu_load" \
		    "$obj/tests/dhcpbench" -o "$sync_level" -t "$run_ms" \
		    -f "$rate_first" -c "$rate_n" load "$dhcp_server" \
		    "$pool_first" "$pool_last" | tr '\n' ' ')"
		rate_first=$((rate_first + rate_n))
	done
	server_down
}

# Leases that are there ------------------------------------------------------

dhcp_scale()
{
	for scale_name in $dhcp_servers; do
		case $scale_name in
		kea|bootward)	scale_fill "$scale_name" ;;
		isc|dnsmasq)	scale_write "$scale_name" ;;
		esac
	done
	dhcp_each dhcp_scale_one "$(dhcp_without floor probing dnsmasq)"
	if [ "$slow" = 1 ]; then
		dhcp_scale_one dnsmasq
	fi
}

# By asking for them.
scale_fill()		# NAME
{
	dhcp_state "$1"
	server_up "$1" || return
	server_load -o 64 -1 -c 100000 -t 120000 -l "$disk/$1.leases" |
	    sed "s/^/filled $1 /" >>"$tmp/filled"
	server_down
	rm -rf "${disk:?}/$1.full"
	mv "$disk/$1" "$disk/$1.full"
}

# By its file: the addresses after the first 16384, which are free.
scale_write()		# NAME
{
	rm -rf "${disk:?}/$1.full"
	mkdir -m 755 "$disk/$1.full"
	: >"$disk/$1.leases"
	awk -v now="$(date +%s)" -v kind="$1" 'function stamp(t) {
		return strftime("%w %Y/%m/%d %H:%M:%S", t, 1)
	}
	BEGIN {
		for (i = 0; i < 100000; i++) {
			at = i + 64 * 256
			addr = sprintf("10.%d.%d.%d", 65 + int(at / 65536),
			    int(at / 256) % 256, at % 256)
			mac = sprintf("02:b1:07:%02x:%02x:%02x",
			    int(i / 65536), int(i / 256) % 256, i % 256)
			if (kind == "isc")
				printf "lease %s {\n  starts %s;\n  ends %s;\n" \
				    "  binding state active;\n" \
				    "  hardware ethernet %s;\n}\n", addr,
				    stamp(now), stamp(now + 86400), mac
			else
				printf "%d %s %s * *\n", now + 86400, mac, addr
		}
	}' >"$disk/$1.full/leases"
}

dhcp_scale_one()	# NAME
{
	for scale_n in 0 100000; do
		dhcp_leases=$scale_n
		if [ "$scale_n" = 0 ]; then
			dhcp_state "$1"
			rm -f "$tmp/leases"
		else
			dhcp_state "$1" "$1.full"
			cp "$disk/$1.leases" "$tmp/leases"
		fi
		if ! server_up "$1" 120; then
			echo "$1 does not start with $scale_n leases"
			continue
		fi
		scale_mem=$(memory_of "$server_pids")
		rate_n=$(dhcp_clients "$1")
		rate_first=500000
		result scale "$1" "$scale_n" "start_ms=$server_ms" \
		    "$scale_mem" "$(server_load -o 16 -t "$run_ms" \
		    -f "$rate_first" -c "$rate_n" -l "$tmp/leases" \
		    -p "$server_pids" 2>>"$tmp/complaints")"
		server_down
	done
	dhcp_leases=0
}

# A million of them ----------------------------------------------------------

dhcp_start()
{
	case " $dhcp_servers " in
	*' bootward '*)	;;
	*)	return ;;
	esac
	dhcp_leases=1000000
	start_fill $dhcp_leases
	start_rep=0
	while [ $((start_rep += 1)) -le "$reps" ]; do
		dhcp_state bootward
		server_up bootward || return
		start_empty=$(start_rss)
		server_down KILL
		dhcp_state bootward bootward.million
		server_up bootward 120 || return
		start_first=$server_ms
		server_down KILL
		server_up bootward 120 || return
		start_mem=$(memory_of "$server_pids")
		result start bootward 1000000 "first_ms=$start_first" \
		    "again_ms=$server_ms" "empty=$start_empty" \
		    "full=$(start_rss)" "child_ms=$(start_child dhcpd)" \
		    "store_ms=$(start_child store)" "$start_mem"
		server_down
	done
	dhcp_leases=0
	rm -rf "${disk:?}/bootward.million"
}

start_pid()		# DAEMON
{
	ps --no-headers -o pid=,comm= --ppid "$server_pid" |
	    awk -v name="$1" '$2 == name { print $1 }'
}

start_rss()
{
	ps --no-headers -o rss= -p "$(start_pid dhcpd)" | tr -d ' '
}

# From the death of one daemon to the next OFFER.
start_child()		# DAEMON
{
	start_since=$(now_ms)
	kill -KILL "$(start_pid "$1")"
	echo $(($(server_load -w -t 60000 -f 1048000) - start_since))
	sleep 0.5
}

# One lease shows what a row looks like; the others are its likeness.
start_fill()		# NUMBER
{
	dhcp_state bootward
	server_up bootward || return
	server_load -1 -c 1 >/dev/null
	server_down
	sqlite3 "$disk/bootward/bootward.db" <<END
CREATE TEMP TABLE one AS SELECT * FROM leases LIMIT 1;
CREATE TEMP TABLE t AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL
    SELECT i + 1 FROM n WHERE i < $1)
    SELECT one.*, n.i AS seq FROM n, one;
UPDATE t SET addr = 10 * 16777216 + 65 * 65536 + seq,
    mac = CAST(printf('%06d', seq % 1000000) AS BLOB);
ALTER TABLE t DROP COLUMN seq;
BEGIN;
DELETE FROM leases;
INSERT INTO leases SELECT * FROM t;
COMMIT;
END
	rm -rf "${disk:?}/bootward.million"
	mv "$disk/bootward" "$disk/bootward.million"
}
