#!/bin/sh
# SPDX-License-Identifier: ISC
#
# The life of an install ticket through all daemons, with curl and wget in the
# installer's place: arm, menu, answer, packages, done, disk; an answer script
# that fails changes nothing; ksd and the store may die on the way.

top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lib.sh
. "$top/tests/lib.sh"
# shellcheck source=tests/demo/installer.sh
. "$top/tests/demo/installer.sh"

world_enter "$0" "$@"
world_up
client_new c1 "$demo_mac"
client_new c2 52:54:00:00:00:02
demo_root
start_bootward <"$top/tests/demo/bootward.conf"
url=http://$server

get()			# CLIENT PATH: the status, then $tmp/body
{
	in_client "$1" curl -s --max-time 15 -o "$tmp/body" \
	    -w '%{http_code}' "$url$2" || :
}

state()
{
	ctl show hosts | sed -n 's/^web1 *\([a-z]*\) .*/\1/p'
}

state_is()		# STATE
{
	[ "$(state)" = "$1" ]
}

trace_has()		# PATTERN
{
	ctl trace web1 | grep -q -e "$1"
}

# The token is in the menu's kernel arguments.
menu_token()
{
	[ "$(get c1 /ipxe)" = 200 ]
	token=$(sed -n 's|.*/a/\([0-9a-f]*\)/.*|\1|p' "$tmp/body")
	[ "${#token}" -eq 32 ]
}

ok "the machine gets its address" client_dhcp c1
ok "another machine gets one" client_dhcp c2
is "at rest it boots its own disk" \
    "$(get c1 /ipxe) $(grep -c '^kernel' "$tmp/body")" "200 0"

# A script that fails.
mv /etc/bootward/answers/debian "$tmp/debian"
# shellcheck disable=SC2016	# it is the script's
printf '%s\n' '#!/bin/sh' 'echo half' 'echo "no such role: $role" >&2' \
    'exit 3' >/etc/bootward/answers/debian
chmod 755 /etc/bootward/answers/debian
ctl install web1 >"$tmp/install" 2>&1
is "install fails with the script" $? 1
ok "and shows what it said" grep -q 'no such role: web' "$tmp/install"
is "nothing has changed" "$(state)" local
install -m 750 "$tmp/debian" /etc/bootward/answers/debian
chgrp _bootward /etc/bootward/answers/debian

ok "install" ctl install web1
is "the host is armed" "$(state)" armed
ok "the menu has the token" menu_token
is "the other machine's menu has not" \
    "$(get c2 /ipxe) $(grep -c "$token" "$tmp/body")" "200 0"
is "nor may it have the answer" "$(get c2 "/a/$token/preseed.cfg")" 403
ok "it is told so" wait_until 5 trace_has 'refused .*its token was used by'
is "still armed" "$(state)" armed

is "the answer" "$(get c1 "/a/$token/preseed.cfg")" 200
ok "is that of the host" grep -q 'netcfg/get_hostname string web1' "$tmp/body"
ok "with its reports" grep -q "early_command .*$url/e/$token/done" "$tmp/body"
ok "the host is installing" wait_until 5 state_is installing
sed -n 's/^d-i preseed.early_command string //p' "$tmp/body" >"$tmp/early"
cp "$tmp/body" "$tmp/preseed"

# The daemons die before the installer goes on.
for round in 1 2 3 4 5; do
	kill -KILL "$(bootward_pid_of ksd)"
	is "a request while ksd is started again: $round" \
	    "$(get c1 "/a/$token/preseed.cfg")" 200
	wait_until 5 bootward_ready
done
is "the answer again" "$(get c1 "/a/$token/preseed.cfg")" 200
ok "is the same" cmp "$tmp/body" "$tmp/preseed"
kill -KILL "$(bootward_pid_of store)"
is "a note without a store" "$(get c1 "/e/$token/note?text=x")" 204
wait_until 5 bootward_ready
ok "still installing" wait_until 5 state_is installing
bootward_pids >"$tmp/pids"

# The real early command.
ok "the early command runs" in_client c1 sh "$tmp/early"
ok "the host is installed" wait_until 5 state_is installed
for step in menu answer packages "done"; do
	ok "its timeline has: $step" wait_until 5 trace_has " $step "
done
is "done is said again" "$(get c1 "/e/$token/done")" 204
is "the answer is gone" "$(get c1 "/a/$token/preseed.cfg")" 404
is "it boots its own disk" \
    "$(get c1 /ipxe) $(grep -c '^kernel' "$tmp/body")" "200 0"
is "no token in the log" "$(grep -c "$token" "$log")" 0

# Again, and away.
ok "install -f" ctl install -f web1
old=$token
ok "a new menu" menu_token
ok "a new token" not [ "$token" = "$old" ]
is "the old one is over" "$(get c1 "/a/$old/preseed.cfg")" 404
ok "cancel" ctl cancel web1
is "the new one is over, too" "$(get c1 "/a/$token/preseed.cfg")" 404
is "it boots its own disk again" \
    "$(get c1 /ipxe) $(grep -c '^kernel' "$tmp/body")" "200 0"

finish 'was ended by signal 9' 'store is not there'
