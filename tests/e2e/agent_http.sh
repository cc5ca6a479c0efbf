#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What an agent makes of requests that are unusual, broken, too long or too
# slow.
. "$(dirname "$0")/agent_lib.sh"
make_authorities
free_port port
agent_component web "install: {directory: $work/tls/web}"
start_agent host 127.0.0.1 "$port"
before=$(descriptors_of "$(network_half host)")
python_tap agent_http.py "$port"
has_no_more() { # before, some of its start may still have been open
	now=$(descriptors_of "$(network_half host)")
	[ "$now" -le "$before" ]
}
comes has_no_more
ok $? "no descriptor is left open: $now of $before"
[ -z "$(ls tls)" ]; ok $? "nothing was written"
kill -0 "$(installing_half host)"; ok $? "the installing half is there"
stop_agent host
is "$(cat run/host.log)" "certfleet: agent of 1 component listens on 127.0.0.1:$port" \
	"nothing was complained about"
finish
