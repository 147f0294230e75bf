#!/bin/sh
# SPDX-License-Identifier: ISC
#
# What a takeover of a daemon would find: every call of tests/tools/inject.c
# is made from inside every running child, and /proc tells of each layer.

top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lib.sh
. "$top/tests/lib.sh"
world_enter "$0" "$@"
world_up

daemons="store dhcpd arpd tftpd ksd"

start_bootward <<'END'
interface bw0
subnet 10.77.0.0/16 { range 10.77.1.0 - 10.77.1.63 }
END

status_of()		# NAME FIELD
{
	sed -n "s/^$2:[[:space:]]*//p" "/proc/$(bootward_pid_of "$1")/status"
}

user_of()
{
	case $1 in
	store)	id -u _bwstore ;;
	*)	id -u "_$1" ;;
	esac
}

root_of()
{
	case $1 in
	store)	echo /var/lib/bootward ;;
	tftpd)	echo /srv/bootward/boot ;;
	ksd)	echo /srv/bootward ;;
	*)	echo /var/empty ;;
	esac
}

zero=0000000000000000
parent_ns=$(readlink /proc/self/ns/net)
for d in $daemons; do
	pid=$(bootward_pid_of "$d")
	uid=$(user_of "$d")
	is "$d: its own uid" "$(status_of "$d" Uid)" "$uid	$uid	$uid	$uid"
	is "$d: no groups" "$(status_of "$d" Groups)" ""
	for set in CapInh CapPrm CapEff CapBnd CapAmb; do
		is "$d: $set is empty" "$(status_of "$d" $set)" $zero
	done
	is "$d: no_new_privs" "$(status_of "$d" NoNewPrivs)" 1
	is "$d: seccomp filters" "$(status_of "$d" Seccomp)" 2
	is "$d: root directory" "$(readlink "/proc/$pid/root")" "$(root_of "$d")"
	ok "$d: a network namespace of its own" \
	    test "$(readlink "/proc/$pid/ns/net")" != "$parent_ns"
	is "$d: the namespace is empty" "$(nsenter -t "$pid" -n ip -o link |
	    grep -c -v ' lo:')" 0
	is "$d: says that every layer is in force" \
	    "$(ctl show status | awk -v d="$d" '$1 == d { print $NF }')" full
done
is "bootward: not root" "$(awk '/^Uid:/ { print $2 }' "/proc/$bootward_pid/status")" \
    "$(id -u _bootward)"
is "bootward: no_new_privs" \
    "$(awk '/^NoNewPrivs:/ { print $2 }' "/proc/$bootward_pid/status")" 1
is "no process of bootward is root" "$(ps --no-headers -o uid= --ppid \
    "$bootward_pid" | awk '$1 == 0')" ""

# Every call in every daemon.  Most of them kill, and the parent starts the
# next one a little later each time, so now and then all start afresh.
attempt()		# NAME CALL
{
	for try in 1 2 3 4 5 6 7 8; do
		wait_until 30 daemon_there "$1" || break
		"$obj/tests/inject" "$(bootward_pid_of "$1")" "$2" \
		    2>"$tmp/inject.err" && return
		sleep 0.2
	done
	echo "$2 not tried ($try): $(cat "$tmp/inject.err")"
}

# One that has just been started again has yet to lock itself up.
daemon_there()		# NAME
{
	[ -n "$(bootward_pid_of "$1")" ] && [ "$(status_of "$1" Seccomp)" = 2 ]
}

verdict()		# NAME CALL RESULT
{
	case $3 in
	*" killed")
		killed=$((killed + 1))
		return ;;
	*" refused "*)
		return ;;
	esac
	case $1:$2 in
	# Its database is below its own root directory.
	store:memfd-create|store:fcntl-dupfd) return ;;
	esac
	echo "$3" >>"$tmp/allowed.$1"
}

for d in $daemons; do
	: >"$tmp/allowed.$d"
done
round=0
killed=0
for call in $("$obj/tests/inject" -l); do
	for d in $daemons; do
		verdict "$d" "$call" "$(attempt "$d" "$call")"
	done
	round=$((round + 1))
	if [ $((round % 6)) -eq 0 ]; then
		stop_bootward
		run_bootward
		wait_until 20 bootward_ready || bail "bootward does not start"
	fi
done
for d in $daemons; do
	is "$d: none of $round calls is allowed" "$(cat "$tmp/allowed.$d")" ""
done
ok "most of the calls killed ($killed)" test "$killed" -gt $((round * 5 / 2))
ok "the service goes on after all that" wait_until 60 bootward_ready
finish_only
