# shellcheck shell=sh
# SPDX-License-Identifier: ISC
#
# fault.sh: what the tests of faults share, with tests/lib.sh in it: a server
# for many clients, storms of them, and the promises that hold whatever breaks.
#
# TRIALS= in the environment says how often each fault is tried.

: "${top:?must be set to the top of the tree}"
# shellcheck source=tests/lib.sh
. "$top/tests/lib.sh"

storms=0
storm_first=1

# A client's end for storms, and the configuration of most tests: a large
# range, and no probing, so that all the time goes to leases.
fault_up()
{
	world_up
	client_new storm 02:00:00:00:00:02
	cat >"$tmp/conf" <<'END'
interface "bw0"
subnet 10.77.0.0/16 {
	range 10.77.1.0 - 10.77.254.255
	probe off
	lease 1h
}
END
	: >"$tmp/acked"
}

random()		# BELOW
{
	echo $(($(od -A n -N 2 -t u2 /dev/urandom) % $1))
}

# Up to so many milliseconds, but never none.
doze()			# MILLISECONDS
{
	sleep "0.$(printf '%03d' "$((1 + $(random "$1")))")"
}

# New clients, whose acknowledged leases go to $tmp/acked at the end, and to
# $storm_file as they come.
storm_begin()		# CLIENTS ARGUMENTS...
{
	storms=$((storms + 1))
	storm_file=$tmp/acked.$storms
	storm_n=$1
	: >"$storm_file"
	shift
	ip netns exec storm "$obj/tests/dhcpstorm" -f "$storm_first" \
	    -n "$storm_n" -t 60 -o "$storm_file" "$@" eth0 \
	    2>"$tmp/storm.err" &
	storm_pid=$!
	storm_first=$((storm_first + storm_n))
}

storm_end()
{
	wait "$storm_pid"
	storm_status=$?
	cat "$storm_file" >>"$tmp/acked"
	cat "$tmp/storm.err"
	return "$storm_status"
}

# Stop it where it is: what it has got so far counts.
storm_stop()
{
	kill -TERM "$storm_pid" 2>/dev/null
	wait "$storm_pid" 2>/dev/null
	cat "$storm_file" >>"$tmp/acked"
}

storm_acked()		# MORE-THAN
{
	[ "$(wc -l <"$storm_file")" -gt "$1" ]
}

# All clients that ever got a lease ask for it again, and are given the same.
storm_again()		# ARGUMENTS...
{
	sort -u "$tmp/acked" >"$tmp/again"
	in_client storm "$obj/tests/dhcpstorm" -e "$tmp/again" -t 60 \
	    -o "$tmp/again.acked" -w 256 "$@" eth0 2>"$tmp/storm.err" &&
	    grep -q ' 0 naks' "$tmp/storm.err" &&
	    sort -u "$tmp/again.acked" | cmp -s - "$tmp/again"
}

# MAC ADDRESS of each lease that bootward says it has, sorted.
leases()
{
	ctl -j show leases |
	    sed -n 's/.*"address":"\([^"]*\)".*"mac":"\([^"]*\)".*/\2 \1/p' | sort
}

no_lease_lost()
{
	leases >"$tmp/leases"
	sort -u "$tmp/acked" | comm -23 - "$tmp/leases" >"$tmp/lost"
	if [ -s "$tmp/lost" ]; then
		echo "$(wc -l <"$tmp/lost") of $(sort -u "$tmp/acked" |
		    wc -l) are lost:"
		head -n 5 "$tmp/lost"
		return 1
	fi
}

# In what clients were told, and in what the store has.
no_address_twice()
{
	sort -u "$tmp/acked" | cut -d ' ' -f 2 | sort | uniq -d >"$tmp/twice"
	cut -d ' ' -f 2 "$tmp/leases" | sort | uniq -d >>"$tmp/twice"
	[ ! -s "$tmp/twice" ] || { head -n 5 "$tmp/twice"; return 1; }
}

# All that must hold whatever happened; silent unless it does not.
promises()
{
	no_lease_lost && no_address_twice
}

# Many trials make one line of TAP; those that fail say why.
trials_begin()		# DEFAULT WHAT
{
	trials=${TRIALS:-$1}
	trials_done=0
	trials_wrong=0
	diag "$trials $2; TRIALS= in the environment is another number"
}

trials_left()
{
	[ "$trials_done" -lt "$trials" ]
}

trials_end()		# WHAT
{
	ok "$trials_done $1: no lease lost, no address given twice" \
	    [ "$trials_wrong" -eq 0 ]
	trials_acked=$(sort -u "$tmp/acked" | wc -l)
	diag "$trials_acked leases were acknowledged"
	ok "there were many" [ "$trials_acked" -ge $((trials_done * 10)) ]
	ok "everybody can go on with what they have" storm_again
	diag "$(cat "$tmp/storm.err")"
}

trial()			# WHAT COMMAND...
{
	trial_what=$1
	shift
	if ! "$@" >"$tmp/trial.out" 2>&1; then
		trials_wrong=$((trials_wrong + 1))
		diag "trial $trials_done: $trial_what"
		diag "failed: $*"
		sed 's/^/# /' "$tmp/trial.out"
		tail -n 30 "$log" | sed 's/^/# /'
	fi
}

# Nobody of ours is left: a parent that was killed takes all with it.
daemons_gone()
{
	# shellcheck disable=SC2009 # pgrep has no list of whole names
	! ps --no-headers -e -o comm= | grep -qxE \
	    'bootward|store|dhcpd|arpd|tftpd|ksd'
}

daemon_is_new()		# NAME OLD-PID
{
	new_pid=$(bootward_pid_of "$1")
	[ -n "$new_pid" ] && [ "$new_pid" != "$2" ]
}

log_says()		# PATTERN
{
	grep -q -E "$1" "$log"
}
