#!/bin/sh
# SPDX-License-Identifier: ISC
#
# install.sh: what "make install" does besides copying programs.
#
#	users			the system users of sysusers.d/bootward.conf
#	files DESTDIR		configuration and scripts; nothing of the
#				administrator's is overwritten
#	system			users, directories and owners on this machine
#	remove DESTDIR		what files made, if it is as it was made

set -eu

etc=$(cd "$(dirname "$0")" && pwd)

make_users()
{
	users=$(awk '$1 ~ /^u!?$/ { print $2 }' "$etc/sysusers.d/bootward.conf")
	for user in $users; do
		! getent passwd "$user" >/dev/null || continue
		if [ "$(id -u)" != 0 ]; then
			echo "install.sh: missing system user: $user" >&2
			exit 1
		fi
		useradd --system --user-group --no-create-home \
		    --home-dir /var/empty --shell /usr/sbin/nologin \
		    --comment bootward "$user"
	done
}

# Every file that goes below /etc, with its mode.
etc_files()
{
	echo "640 bootward.conf bootward.conf"
	for script in "$etc"/answers/*; do
		echo "755 answers/${script##*/} bootward/answers/${script##*/}"
	done
	for script in "$etc"/../rc.d/*; do
		echo "755 ../rc.d/${script##*/} bootward/rc.d/${script##*/}"
	done
}

install_files()		# DESTDIR
{
	install -d "$1/etc/bootward/answers" "$1/etc/bootward/rc.d"
	etc_files | while read -r mode from to; do
		if [ -e "$1/etc/$to" ]; then
			cmp -s "$etc/$from" "$1/etc/$to" ||
			    echo "kept as it is: $1/etc/$to"
		else
			install -m "$mode" "$etc/$from" "$1/etc/$to"
		fi
	done
}

remove_files()		# DESTDIR
{
	etc_files | while read -r mode from to; do
		! cmp -s "$etc/$from" "$1/etc/$to" || rm -f "$1/etc/$to"
	done
	for dir in answers images rc.d .; do
		rmdir "$1/etc/bootward/$dir" 2>/dev/null || :
	done
}

install_system()
{
	make_users
	install -d -m 755 /var/empty /srv/bootward /srv/bootward/boot \
	    /srv/bootward/www
	install -d -m 700 -o _bwstore -g _bwstore /var/lib/bootward
	install -d -m 750 -o _bootward -g _bootward /run/bootward
	chown root:_bootward /etc/bootward.conf /etc/bootward \
	    /etc/bootward/images
	chmod 755 /etc/bootward /etc/bootward/answers
}

case ${1-} in
users)	make_users ;;
files)	install_files "${2-}" ;;
system)	install_system ;;
remove)	remove_files "${2-}" ;;
*)	echo "usage: install.sh users | files DESTDIR | system |" \
	    "remove DESTDIR" >&2
	exit 2 ;;
esac
