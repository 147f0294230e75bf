#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Conformance: reserved addresses.

top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lib.sh
. "$top/tests/lib.sh"
# shellcheck source=tests/conform/servers.sh
. "$top/tests/conform/servers.sh"

world_enter "$0" "$@"
world_up
net_up
boot_files
server_start bootward
conform hosts
finish 'no address is free'
