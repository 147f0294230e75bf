#!/bin/sh
# SPDX-License-Identifier: ISC
#
# TFTP: files with real clients and with one that behaves badly, names that
# must not be opened, floods, and the menus of machines.

top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lib.sh
. "$top/tests/lib.sh"

world_enter "$0" "$@"
world_up
client_new web1 02:00:00:00:00:01
client_new web2 02:00:00:00:00:02
client_new guest 02:00:00:00:00:03
in_client guest ip addr add 10.77.9.3/16 dev eth0

boot=/srv/bootward/boot
got=$tmp/got
tftpc=$obj/tests/tftpc
mkdir -p "$boot/img" "$boot/dir" "$boot/pxelinux.cfg"
head -c 300000 /dev/urandom >"$boot/img/linux"
head -c 900000 /dev/urandom >"$boot/img/initrd.gz"
head -c 42430 /dev/urandom >"$boot/pxelinux.0"
head -c 1536 /dev/urandom >"$boot/blocks"
head -c 700000 /dev/urandom >"$boot/rolls"
head -c 20000000 /dev/urandom >"$boot/large"
: >"$boot/empty"
echo secret >/srv/secret
echo secret >"$boot/unreadable"
chmod 600 "$boot/unreadable"
mkfifo "$boot/fifo"
mknod "$boot/null" c 1 3
ln -s ../blocks "$boot/dir/inside"
ln -s ../../../secret "$boot/outside"
ln -s /srv/secret "$boot/absolute"
cat >/etc/bootward/answers/test <<'END'
#!/bin/sh
echo "answer of $host"
END
chmod 755 /etc/bootward/answers/test

start_bootward <<'END'
interface "bw0"
subnet 10.77.0.0/16 {
	range 10.77.1.0 - 10.77.1.31
	lease 1h
}
loader bios "pxelinux.0"
image "test" {
	kernel "img/linux"
	initrd "img/initrd.gz"
	append "url=$answer/a.cfg quiet; x=y"
	answer "test"
}
host "web1" {
	ethernet 02:00:00:00:00:01
	address 10.77.2.1
	image "test"
}
host "web2" {
	ethernet 02:00:00:00:00:02
	address 10.77.2.2
	image "test"
}
END

# 1. Files.

hpa()			# NAME
{
	rm -f "$got"
	in_client guest tftp -m binary "$server" -c get "$1" "$got" &&
	    cmp "$got" "$boot/$1"
}

get()			# NAME FLAGS...
{
	get_name=$1
	shift
	in_client guest "$tftpc" "$@" get "$server" "$get_name" >"$got" &&
	    cmp "$got" "$boot/$get_name"
}

with_curl()		# NAME FLAGS...
{
	get_name=$1
	shift
	in_client guest curl -sS -m 20 "$@" -o "$got" \
	    "tftp://$server/$get_name" && cmp "$got" "$boot/$get_name"
}

for name in pxelinux.0 blocks empty dir/inside img/linux; do
	ok "tftp-hpa gets $name" hpa "$name"
done
ok "curl gets a file" with_curl img/linux
ok "curl gets it in large blocks" with_curl img/linux --tftp-blksize 1468
ok "in blocks larger than the network takes" \
    with_curl img/linux --tftp-blksize 65464
ok "a window of 4" get large -b 1468 -w 4
ok "a window of 64" get large -b 1468 -w 64
ok "a window larger than we send" get large -b 1468 -w 1000
ok "block numbers roll over" get rolls -b 8 -w 64
ok "with one packet of 100 lost" get img/initrd.gz -b 1468 -l 10
ok "with one packet of 20 lost from windows" get img/initrd.gz -b 1468 -w 4 \
    -l 50

# No packet twice, though every ACK comes twice (RFC 1123 4.2.3.1).
get img/initrd.gz -b 1468 -d 2>"$tmp/doubled"
is "no Sorcerer's Apprentice" "$(sed -n 's/.* \(duplicates [0-9]*\) .*/\1/p' \
    "$tmp/doubled")" "duplicates 0"

# 2. Packets.

raw()			# DATAGRAM...
{
	in_client guest "$tftpc" raw "$server" "$@"
}

is "packets that are no requests get no answer" "$(raw '' '\0' '\0\1' \
    '\0\1blocks' '\0\1blocks\0' '\0\1blocks\0octet' '\0\1blocks\0octe\0' \
    '\0\1blocks\0octet\0tsize\0' '\0\3\0\1abcd' '\0\4\0\1' \
    '\0\5\0\1no\0' '\0\6blksize\0&512\0' '\0\7blocks\0octet\0' |
    sort -u)" silence
is "writing is refused" "$(raw '\0\2blocks\0octet\0')" \
    "ERROR 2 nothing can be written|"
is "netascii is refused" "$(raw '\0\1blocks\0netascii\0')" \
    "ERROR 4 only mode octet is served|"
is "an option that is not known is not answered" \
    "$(raw '\0\1blocks\0octet\0multicast\0\0blksize\0&1024\0')" \
    "OACK blksize|1024|"
is "an option without sense is as if not sent" \
    "$(raw '\0\1blocks\0octet\0blksize\0-1\0windowsize\0&0\0')" \
    "DATA 1 512 octets"
is "the size probe of UEFI" "$(in_client guest "$tftpc" -b 1468 -w 4 probe \
    "$server" pxelinux.0)" "OACK blksize|1468|tsize|42430|windowsize|4|
silence"
is "a stranger's packets do not end a transfer" "$(in_client guest "$tftpc" \
    -b 1468 tid "$server" pxelinux.0 2>&1)" "ERROR 5 unknown transfer|
silence
complete"
is "nothing is sent twice to who never answers" "$(in_client guest "$tftpc" \
    half "$server" pxelinux.0 1)" "packets 1 octets 516"

# 3. Names.

refused()		# NAME CODE
{
	[ "$(raw "\\0\\1$1\\0octet\\0" | cut -d' ' -f1,2)" = "ERROR $2" ]
}

for name in nothing Pxelinux.0 'dir/nothing' 'blocks/x' '%2e%2e/secret' ''; do
	ok "not found: $name" refused "$name" 1
done
for name in dir fifo null unreadable outside absolute ../../secret \
    /../../secret 'dir/../../../secret' '..\134..\134secret' \
    /srv/bootward/boot/../../secret; do
	case $name in
	/srv*)	ok "not found: $name" refused "$name" 1 ;;
	*)	ok "refused: $name" refused "$name" 2 ;;
	esac
done
in_client guest "$tftpc" get "$server" '\dir//\inside' >"$got" 2>/dev/null
ok "a name with other slashes is the same file" cmp "$got" "$boot/blocks"

# 4. A file that changes.

cp "$boot/large" "$tmp/old"
in_client guest "$tftpc" -b 512 get "$server" large >"$got" 2>"$tmp/err" &
reader=$!
ok "a slow transfer has begun" wait_until 10 [ -s "$got" ]
head -c 20000000 /dev/urandom >"$boot/new"
mv "$boot/new" "$boot/large"
wait "$reader"
ok "a file that is replaced arrives as it was" \
    cmp "$got" "$tmp/old"
: >"$got"
in_client guest "$tftpc" -b 512 get "$server" large >"$got" 2>"$tmp/err" &
reader=$!
ok "a slow transfer has begun" wait_until 10 [ -s "$got" ]
printf x >>"$boot/large"
wait "$reader"
is "a file that changes ends in an error" $? 1
ok "that says so" grep -q "changed while it was sent" "$got"

# 5. A flood of requests that never go on.

in_client web2 ip addr add 10.77.9.2/16 dev eth0
in_client web2 "$tftpc" -b 1408 half "$server" large 10000 >"$tmp/flood" &
flood=$!
sleep 0.1
begin=$(date +%s%N)
ok "a transfer during a flood" get pxelinux.0 -b 1408
took=$((($(date +%s%N) - begin) / 1000000))
ok "takes less than a second ($took ms)" [ "$took" -lt 1000 ]
wait "$flood"
rss=$(sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' \
    "/proc/$(bootward_pid_of tftpd)/status")
ok "tftpd is small ($rss KiB)" [ "$rss" -lt 16384 ]

# 6. Menus.

text()			# CLIENT NAME
{
	in_client "$1" "$tftpc" get "$server" "$2" 2>/dev/null
}

text_has()		# CLIENT NAME PATTERN
{
	text "$1" "$2" >"$tmp/text" && grep -q -e "$3" "$tmp/text"
}

own=pxelinux.cfg/01-02-00-00-00-00-01
ok "web1 gets a lease" client_dhcp web1
ok "it is not armed: to its own disk" text_has web1 $own LOCALBOOT
ok "with GRUB, too" text_has web1 grub/grub.cfg '^exit'
ok "web1 is armed" ctl install web1
ok "then its menu installs" wait_until 5 text_has web1 $own KERNEL
is "with its kernel" "$(sed -n 's/^[[:space:]]*KERNEL //p' "$tmp/text")" \
    ::img/linux
is "and its initrd" "$(sed -n 's/^[[:space:]]*INITRD //p' "$tmp/text")" \
    ::img/initrd.gz
url=$(sed -n 's/^[[:space:]]*APPEND url=\([^ ]*\) quiet; x=y$/\1/p' \
    "$tmp/text")
is "and the address of its answers" "$(echo "$url" | tr 0-9a-f x |
    sed 's/x*x/x/g')" "$(echo "http://$server/a/00/a.cfg" | tr 0-9a-f x |
    sed 's/x*x/x/g')"
text web1 debian-installer/amd64/grub/grub.cfg >"$tmp/text"
is "GRUB gets the same, quoted" \
    "$(grep -c "^if linux /img/linux .*url=$url quiet\\\\; x=y\$" "$tmp/text")" 1
ok "by its MAC address, too" text_has web1 \
    grub/grub.cfg-01-02-00-00-00-00-01 '^if linux'
ok "as default" text_has web1 pxelinux.cfg/default KERNEL

ask()			# CLIENT NAME
{
	in_client "$1" "$tftpc" raw "$server" "\\0\\1$2\\0octet\\0"
}
for name in 33221100-5544-6677-8899-aabbccddeeff 0A4D0201 0; do
	is "pxelinux.cfg/$name is not there" "$(ask web1 pxelinux.cfg/$name)" \
	    "ERROR 1 file not found|"
done

in_client web2 ip addr flush dev eth0
ok "web2 gets a lease" client_dhcp web2
is "it does not get the menu of web1" "$(ask web2 $own)" \
    "ERROR 1 file not found|"
ok "its own leads to its disk" text_has web2 \
    pxelinux.cfg/01-02-00-00-00-00-02 LOCALBOOT
is "who has no lease does not get it either" "$(ask guest $own)" \
    "ERROR 1 file not found|"
ok "but is sent to its own disk" text_has guest pxelinux.cfg/default LOCALBOOT

echo "LABEL mine" >"$boot/$own"
is "a real file goes before a rendered menu" "$(text web1 $own)" "LABEL mine"
rm "$boot/$own"

# 7. The timeline.

fetch()			# CLIENT NAME
{
	in_client "$1" "$tftpc" -b 1468 get "$server" "$2" >"$got" &&
	    cmp "$got" "$boot/$2"
}
ok "web1 gets a loader" fetch web1 pxelinux.0
ok "its kernel" fetch web1 img/linux
ok "its initrd" fetch web1 img/initrd.gz
trace_has()		# HOST STEP
{
	ctl trace "$1" >"$tmp/trace"
	grep -q -w -e "$2" "$tmp/trace"
}
for step in loader menu kernel initrd; do
	ok "its timeline has: $step" wait_until 5 trace_has web1 $step
done
ok "web2's has that it asked for another's menu" \
    wait_until 5 trace_has web2 refused
ok "not web1's" not trace_has web1 refused
ok "the probes were no errors" not trace_has web1 error
mv "$boot/img/initrd.gz" "$boot/away"
is "a file of its image that is missing" "$(ask web1 img/initrd.gz)" \
    "ERROR 1 file not found|"
ok "is an error of its timeline" wait_until 5 trace_has web1 error
is "its answer is where the menu says" "$(in_client web1 curl -sf "$url")" \
    "answer of web1"
ok "from then on it is sent to its own disk" \
    wait_until 5 text_has web1 $own LOCALBOOT

finish
