#!/bin/sh
# SPDX-License-Identifier: ISC
#
# The answer scripts that come with bootward: what they print is taken by the
# installer's own reader, and no value of a variable gets out of its place.
#
# shellcheck disable=SC2016	# dollar signs that are meant as they stand

top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lib.sh
. "$top/tests/lib.sh"

world_enter "$0" "$@"
token=0123456789abcdef0123456789abcdef

debian()		# NAME=VALUE...
{
	"$obj/tests/ksgen_run" "$obj/ksgen" "$(id -u _ksgen)" \
	    "$top/etc/answers/debian" host=web1 image=debian12 \
	    ethernet=52:54:00:00:00:01 address=10.77.2.1 \
	    netmask=255.255.0.0 prefix=16 router=10.77.0.1 dns= \
	    domain=lab.example server=10.77.0.1 "token=$token" \
	    "answer=http://10.77.0.1/a/$token" \
	    "event=http://10.77.0.1/e/$token" \
	    packages=http://10.77.0.1/debian12 "$@" \
	    >"$tmp/preseed" 2>"$tmp/err"
}

question()		# QUESTION: its line, without owner and name
{
	sed -n "s|^[a-z-]* $1 ||p" "$tmp/preseed"
}

# debconf's checker says what it does not like and succeeds all the same.
accepted()
{
	debconf-set-selections -c "$tmp/preseed" >"$tmp/debconf" 2>&1 &&
	    ! [ -s "$tmp/debconf" ] || ! cat "$tmp/debconf"
}

ok "debian: a preseed file" debian
ok "debconf accepts it" accepted
is "the host's name" "$(question netcfg/get_hostname)" "string web1"
is "the mirror" "$(question mirror/http/hostname)" "string 10.77.0.1"
is "its directory" "$(question mirror/http/directory)" "string /debian12"
is "no proxy" "$(question mirror/http/proxy)" "string "
is "root has no password" "$(question passwd/root-password-crypted)" \
    'password !'
is "done is said in the end" \
    "$(question preseed/late_command | grep -c "/e/$token/done")" 1
is "and not before" "$(question preseed/early_command |
    grep -c "/e/$token/done")" 0
is "installing is said in the beginning" \
    "$(question preseed/early_command | grep -c "/e/$token/installing")" 1

# The commands are shell, too: with a wget that tells what it was asked for.
mkdir "$tmp/bin"
cat >"$tmp/bin/wget" <<'END'
#!/bin/sh
for url; do :; done
echo "$url"
case $url in
*Release) exit "${WGET_RELEASE:-0}" ;;
esac
END
chmod 755 "$tmp/bin/wget"
early()
{
	question preseed/early_command | sed 's/^string //' >"$tmp/early"
	PATH=$tmp/bin:$PATH sh "$tmp/early"
}
is "the early command" "$(early)" "http://10.77.0.1/e/$token/installing
http://10.77.0.1/debian12/dists/bookworm/Release"
is "when there is no Release" "$(WGET_RELEASE=1 early)" \
    "http://10.77.0.1/e/$token/installing
http://10.77.0.1/debian12/dists/bookworm/Release
http://10.77.0.1/e/$token/failed?text=no+Release"
ok "debian: early_done" debian early_done=yes suite=trixie
is "done is said at once" "$(early)" "http://10.77.0.1/e/$token/installing
http://10.77.0.1/debian12/dists/trixie/Release
http://10.77.0.1/e/$token/done"

ok "debian: everything set" debian packages= domain= locale=de_DE.UTF-8 \
    keymap=de timezone=Europe/Berlin disk=/dev/vda 'software=vim curl' \
    'root_hash=$6$rounds=5000$abc./$XYZ' unsigned=yes \
    'ssh_key=ssh-ed25519 AAAAC3Nz+/== a.b@example-1'
ok "debconf accepts it" accepted
is "a public mirror" "$(question mirror/http/hostname)" "string deb.debian.org"
is "no Release to look for" "$(early)" "http://10.77.0.1/e/$token/installing"
is "the hash as it is" "$(question passwd/root-password-crypted)" \
    'password $6$rounds=5000$abc./$XYZ'
is "the disk" "$(question partman-auto/disk)" "string /dev/vda"
is "the key" "$(question preseed/late_command |
    grep -c '"ssh-ed25519 AAAAC3Nz+/== a.b@example-1" >>')" 1

line='x
d-i preseed/early_command string reboot'
for name in host domain server event packages suite locale keymap timezone \
    disk software root_hash ssh_key; do
	for value in "$line" 'x;reboot' 'x$(reboot)' 'x`reboot`' 'x"y' "x'y" \
	    'x\y' 'x|y' 'x&y' 'x>y' 'x	y' 'x*y'; do
		if debian "$name=$value" || [ -s "$tmp/preseed" ]; then
			tap_result 1 "$name: $value"
		fi
	done
	ok "no command in $name" grep -q "value of $name" "$tmp/err"
done

done_testing
