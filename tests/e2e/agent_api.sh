#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What schemas/ says of an agent: its API is that of the source and of a
# running agent, its configuration that of the example.
. "$(dirname "$0")/agent_lib.sh"
make_authorities
free_port port
make_pair one run/one.pem run/one.key
make_pair two run/two.pem run/two.key
touch tls/file
agent_component web "install: {directory: $work/tls/web}, activate: {command: ['true']}, version: {text: '1.0'}"
agent_component breaks "install: {directory: $work/tls/breaks}, activate: {command: ['false']}, version: {command: [printf, '\\377\\001noise']}"
agent_component denied "install: {directory: $work/tls/file/denied}"
start_agent host 127.0.0.1 "$port"
python_tap agent_api.py "$root" "$port"
stop_agent host

# ---- the configuration ----
"$CERTFLEET" schema --agent >run/agent.schema.json
cmp run/agent.schema.json "$root/schemas/agent.schema.json"
ok $? "schemas/agent.schema.json is what certfleet prints"
fits() { # YAML-FILE
	/usr/bin/python3 - "$root/schemas/agent.schema.json" "$1" <<-'END'
	import json, sys, jsonschema, yaml
	jsonschema.Draft202012Validator(json.load(open(sys.argv[1]))).validate(yaml.safe_load(open(sys.argv[2])))
	END
}
example=$root/examples/agent/agent.yaml
fits "$example"; ok $? "the example fits it"
sed 's/^listen:/lisen:/' "$example" >run/wrong.yaml
! fits run/wrong.yaml 2>/dev/null; ok $? "a mistake in it does not"

# with its paths below the work folder it runs
mkdir -p etc/tls nginx
user=$(id -un)
[ "$user" != root ] || user=daemon
cp access/operators.pem etc/operators-ca.pem
echo "spki:$(spki_of access/ops.pem)" >etc/operators.allow
cp access/host.pem etc/tls/agent.pem
cp -p access/host.key etc/tls/agent.key
sed "s#/etc/certfleet-agent#$work/etc#; s#/var/lib/certfleet-agent#$work/run/example#
s#/etc/nginx/tls#$work/nginx#; s#/etc/postgresql/tls#$work/nginx#
s#0.0.0.0:7443#127.0.0.1:$port#
s#^user: .*#user: $user#; s#\(owner\|group\): postgres#\1: $(id -un)#" "$example" >run/host.yaml
run_agent host
wait_port "$port"
ok $? "an agent with the example's configuration runs"
curl -s -m 60 --cert access/ops.pem --key access/ops.key --cacert access/agents.pem \
	"https://127.0.0.1:$port/v1/components" >run/answer
is "$(jq -r '[.components[].name] | join(" ")' run/answer)" "db edge/web1.example.com own" \
	"and tells of its components"
is "$(jq -r '.components[] | select(.name == "own").activation' run/answer)" swap "of which one is its own pair"
stop_agent host
finish
