# shellcheck shell=sh
# SPDX-License-Identifier: ISC
#
# lib.sh: what every test with a network needs: a private world, bootward in
# it, clients on its bridge, and TAP.  A test begins like this:
#
#	top=$(cd "$(dirname "$0")/../.." && pwd)
#	. "$top/tests/lib.sh"
#	world_enter "$0" "$@"
#	world_up
#
# The world is a set of namespaces of which the test is process 1: when it
# ends, however it ends, all processes, interfaces and mounts in it are gone,
# and what was written to /etc, /run, /srv and /var never was.

LC_ALL=C
TZ=UTC
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL TZ PATH
umask 022

: "${top:?must be set to the top of the tree}"
obj=${BW_OBJ:-$top/obj}
tmp=/run/test			# of this world only
log=$tmp/bootward.log
server=10.77.0.1
bootward_pid=

# TAP ------------------------------------------------------------------------

tap_count=0
tap_failed=0

diag()
{
	printf '%s\n' "$*" | sed 's/^/# /'
}

tap_result()		# STATUS NAME
{
	tap_count=$((tap_count + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $tap_count - $2"
	else
		tap_failed=$((tap_failed + 1))
		echo "not ok $tap_count - $2"
	fi
	return "$1"
}

# The command succeeds; what it says is shown if it does not.
ok()			# NAME COMMAND...
{
	tap_name=$1
	shift
	if "$@" >"$tmp/ok.out" 2>&1; then
		tap_result 0 "$tap_name"
	else
		tap_result 1 "$tap_name" || :
		diag "failed: $*"
		sed 's/^/# /' "$tmp/ok.out"
		return 1
	fi
}

not()			# COMMAND...
{
	! "$@"
}

is()			# NAME GOT WANT
{
	if [ "$2" = "$3" ]; then
		tap_result 0 "$1"
	else
		tap_result 1 "$1" || :
		diag "got:  $2"
		diag "want: $3"
		return 1
	fi
}

bail()
{
	echo "Bail out! $*"
	exit 1
}

done_testing()
{
	echo "1..$tap_count"
	[ "$tap_failed" -eq 0 ]
	exit
}

# Until the command succeeds, but not for longer than that.
wait_until()		# SECONDS COMMAND...
{
	wait_end=$(($(date +%s) + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$(date +%s)" -lt "$wait_end" ] || return 1
		sleep 0.1
	done
}

# It is there, and no zombie.
runs()			# PID
{
	[ -n "$1" ] && [ -e "/proc/$1/exe" ]
}

# The world ------------------------------------------------------------------

# Run the script again, as process 1 of new namespaces; returns inside.  Who
# kills either process, by whatever signal, ends the world.
world_enter()		# SCRIPT ARGUMENTS...
{
	if [ "${BW_WORLD-}" != 1 ] || [ $$ -ne 1 ]; then
		[ "$(id -u)" = 0 ] || bail "this needs root"
		BW_WORLD=1 setpriv --pdeathsig KILL unshare --mount --net --pid \
		    --uts --ipc --fork --kill-child --mount-proc \
		    --propagation private sh "$@" &
		world=$!
		trap 'kill -KILL "$world"; exit 143' HUP INT TERM
		wait "$world"
		exit
	fi

	set -e
	mount -t tmpfs -o mode=755 bwrun /run
	mount -t tmpfs -o mode=755 bwsrv /srv
	mkdir -p /run/netns /run/lock "$tmp"
	world_overlay /etc
	world_overlay /var
	mkdir -p /var/empty /srv/bootward/boot /srv/bootward/www \
	    /etc/bootward/answers /etc/bootward/images
	sh "$top/tests/deps.sh" users
	set +e
}

# Writes below a directory go to memory.
world_overlay()		# DIRECTORY
{
	mkdir -p "$tmp/overlay$1/upper" "$tmp/overlay$1/work"
	mount -t overlay -o "lowerdir=$1,upperdir=$tmp/overlay$1/upper" \
	    -o "workdir=$tmp/overlay$1/work" bwoverlay "$1"
}

# The server's end: a bridge with its address.
world_up()
{
	set -e
	echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6
	echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6
	ip link set lo up
	ip link add bw0 type bridge forward_delay 0 stp_state 0
	ip addr add "$server/16" dev bw0
	ip link set bw0 up
	cat >"$tmp/udhcpc.script" <<'END'
#!/bin/sh
env >"$BW_LEASE.$1"
case $1 in
deconfig)	ip addr flush dev "$interface"; ip link set "$interface" up ;;
bound|renew)	ip addr replace "$ip/$mask" dev "$interface" ;;
esac
END
	chmod +x "$tmp/udhcpc.script"
	set +e
}

# A client: a namespace with eth0 on the bridge.
client_new()		# NAME MAC
{
	set -e
	ip netns add "$1"
	ip link add "bwv$1" type veth peer name eth0 address "$2" netns "$1"
	ip link set "bwv$1" master bw0 up
	ip -n "$1" link set lo up
	ip -n "$1" link set eth0 up
	set +e
}

in_client()		# NAME COMMAND...
{
	in_name=$1
	shift
	ip netns exec "$in_name" "$@"
}

# Get and configure a lease; its variables are then in $tmp/lease.NAME.bound.
client_dhcp()		# NAME UDHCPC-ARGUMENTS...
{
	dhcp_name=$1
	shift
	rm -f "$tmp/lease.$dhcp_name."*
	BW_LEASE=$tmp/lease.$dhcp_name ip netns exec "$dhcp_name" udhcpc -f -n \
	    -q -t 5 -T 1 -i eth0 -s "$tmp/udhcpc.script" "$@" 2>&1
}

client_lease()		# NAME VARIABLE
{
	sed -n "s/^$2=//p" "$tmp/lease.$1.bound"
}

# What dhcpplay printed ---------------------------------------------------------

# A test's own way to play leaves the line of its answer in $tmp/answer.
field()			# NAME
{
	tr ' ' '\n' <"$tmp/answer" | sed -n "s/^$1=//p" | head -n 1
}

kind()
{
	sed 's/ .*//' "$tmp/answer"
}

answer_is()		# TEXT-NAME KIND FIELD=VALUE...
{
	answer_name=$1 want=$2 got=$(kind)
	shift 2
	for pair; do
		want="$want $pair"
		got="$got ${pair%%=*}=$(field "${pair%%=*}")"
	done
	is "$answer_name" "$got" "$want"
}

# A figure of dhcpd, or of another.
counter()		# NAME [DAEMON]
{
	ctl show status | awk -v daemon="${2:-dhcpd}" \
	    '/^[a-z]/ { its = $1 == daemon } its' | tr ',' '\n' |
	    sed -n "s/^ *$1 //p"
}

# bootward -------------------------------------------------------------------

ctl()
{
	"$obj/bootwardctl" "$@"
}

# How it ends, and a pattern in what it says, which is then in $tmp/said.
ctl_says()		# CODE PATTERN ARGUMENTS...
{
	says_code=$1 says_pattern=$2
	shift 2
	ctl "$@" >"$tmp/said" 2>&1
	says_got=$?
	cat "$tmp/said"
	echo "exit code $says_got"
	[ "$says_got" -eq "$says_code" ] &&
	    grep -q -e "$says_pattern" "$tmp/said"
}

# What makes a file a Linux kernel for a PC.
fake_kernel()		# FILE
{
	head -c 20000 /dev/zero >"$1"
	printf 'MZ' | dd of="$1" conv=notrunc 2>/dev/null
	printf '\125\252' | dd of="$1" bs=1 seek=510 conv=notrunc 2>/dev/null
	printf 'HdrS' | dd of="$1" bs=1 seek=514 conv=notrunc 2>/dev/null
}

# Start it with the configuration that is on standard input.
start_bootward()	# FLAGS...
{
	cat >/etc/bootward.conf
	chgrp _bootward /etc/bootward.conf
	chmod 640 /etc/bootward.conf
	run_bootward "$@"
	if ! wait_until 20 bootward_ready; then
		sed 's/^/# /' "$log"
		bail "bootward is not ready after 20 seconds"
	fi
	bootward_pids >"$tmp/pids"
}

run_bootward()		# FLAGS...
{
	"$obj/bootward" -d "$@" >>"$log" 2>&1 </dev/null &
	bootward_pid=$!
}

# All five daemons say that they run.
bootward_ready()
{
	ctl show status >"$tmp/status" || return 1
	for ready_of in store dhcpd arpd tftpd ksd; do
		[ -n "$(bootward_pid_of "$ready_of")" ] &&
		    grep -q "^$ready_of .*running" "$tmp/status" || return 1
	done
}

# NAME PID of each daemon, by name.
bootward_pids()
{
	ps --no-headers -o comm=,pid= --ppid "$bootward_pid" |
	    sed '/^ksgen/d' | sort
}

bootward_pid_of()	# NAME
{
	bootward_pids | sed -n "s/^$1 *//p"
}

bootward_alive()
{
	runs "$bootward_pid"
}

bootward_gone()
{
	! bootward_alive
}

# Stop it; the status is what it exited with.
stop_bootward()
{
	kill -TERM "$bootward_pid"
	if ! wait_until 10 bootward_gone; then
		diag "bootward does not stop"
		kill -KILL "$bootward_pid"
	fi
	wait "$bootward_pid"
}

# Warnings and errors in the log, but for those that match a pattern.
log_unexpected()	# PATTERN...
{
	: >"$tmp/allowed"
	for pattern; do
		echo "$pattern" >>"$tmp/allowed"
	done
	grep -E ': (warning|error): ' "$log" | grep -v -E -f "$tmp/allowed"
}

# All daemons run on as they were started, and have said nothing unexpected.
check_alive()		# PATTERN...
{
	is "all daemons are alive with the same pids" "$(bootward_pids)" \
	    "$(cat "$tmp/pids")"
	is "nothing unexpected in the log" "$(log_unexpected "$@")" ""
}

finish_only()
{
	if [ "$tap_failed" -ne 0 ]; then
		diag "the log:"
		tail -n 200 "$log" | sed 's/^/# /'
	fi
	done_testing
}

# How every test ends; the patterns are of warnings that it provokes.
finish()		# PATTERN...
{
	check_alive "$@"
	finish_only
}
