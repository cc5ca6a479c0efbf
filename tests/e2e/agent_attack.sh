#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# An agent under attack, measured: see agent_attack.py.
. "$(dirname "$0")/agent_lib.sh"
make_authorities
free_port port
agent_component web "install: {directory: $work/tls/web}"
start_agent host 127.0.0.1 "$port"
python_tap agent_attack.py "$port" "$(installing_half host)" "$(network_half host)"
[ -z "$(ls tls)" ]; ok $? "nothing was written"
stop_agent host
is "$(wc -l <run/host.log)" 1 "nothing was complained about"
finish
