#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Conformance: relay agents, and leasequery.

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
conform relay
finish 'no address is free' ' declined '
