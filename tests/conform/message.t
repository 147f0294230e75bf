#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Conformance: what a reply consists of, where it goes, what gets none.

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
conform message
finish 'no address is free'
