#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Conformance: machines that boot.

top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lib.sh
. "$top/tests/lib.sh"
# shellcheck source=tests/conform/servers.sh
. "$top/tests/conform/servers.sh"

world_enter "$0" "$@"
world_up
net_up
boot_files
unknown='install "tiny"'
server_start bootward
conform boot
finish 'no address is free' 'architecture 200'
