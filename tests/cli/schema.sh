#!/bin/bash
# The schema of the fleet file: what the program prints is what is kept, and
# a validator that is not ours accepts the examples and refuses mistakes.
. "$(dirname "$0")/lib.sh"
cf_out schema
is $status 0 "schema prints"
cmp -s <(printf '%s\n' "$out") "$root/schemas/fleet.schema.json"
ok $? "what is kept in schemas/"

to_json() { # YAML on stdin, by the YAML 1.2 core rules for booleans
	/usr/bin/python3 -c '
import json, sys, yaml
class Core(yaml.SafeLoader): pass
Core.yaml_implicit_resolvers = {
    k: [(t, r) for t, r in v if t not in ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:int", "tag:yaml.org,2002:float", "tag:yaml.org,2002:bool")]
    for k, v in yaml.SafeLoader.yaml_implicit_resolvers.items()}
Core.add_implicit_resolver("tag:yaml.org,2002:int", __import__("re").compile(r"^[-+]?[0-9]+$"), list("-+0123456789"))
Core.add_implicit_resolver("tag:yaml.org,2002:bool", __import__("re").compile(r"^([Tt]rue|TRUE|[Ff]alse|FALSE)$"), list("tTfF"))
json.dump(yaml.load(sys.stdin, Core), sys.stdout)'
}

for file in "$root"/examples/*.yaml "$root"/examples/demo/*.yaml "$root"/examples/notify/*.yaml "$root"/examples/appmon/*.yaml; do
	to_json <"$file" >run/fleet.json
	fits_schema fleet.schema.json run/fleet.json
	ok $? "${file#"$root"/} is valid by the schema"
	cf validate "$file"
	is $status 0 "and by certfleet"
done

to_json <"$root/examples/appmon/parts/components.yaml" >run/fleet.json
fits_schema fleet.schema.json run/fleet.json
ok $? "an included part is valid by the schema"

refused() { # SED-EXPRESSION WHAT
	sed "$1" "$root/examples/minimal.yaml" >bad.yaml
	to_json <bad.yaml >run/fleet.json
	! fits_schema fleet.schema.json run/fleet.json >/dev/null 2>&1
	ok $? "the schema refuses $2"
	cf validate bad.yaml
	is $status 65 "and so does certfleet"
}
refused 's/issuers:/isuers:/' "an unknown key"
refused 's/^certfleet: 1/certfleet: 2/' "another format version"
refused '/^fleet:/d' "a missing key"
refused 's/issuer: lab-ca/issuer: [lab-ca]/' "a list for a text"
refused 's/^fleet: lab/fleet: "a b"/' "a name with a blank"

# an editor marks the mistake, not the whole file: the schema's own words
complains() { # YAML PATTERN NAME
	printf '%s\n' "certfleet: 1" "fleet: lab" "$1" >bad.yaml
	to_json <bad.yaml >run/fleet.json
	out=$(fits_schema fleet.schema.json run/fleet.json 2>&1)
	[ $? -ne 0 ]; ok $? "W7: the schema refuses $3"
	has "$out" "$2" "and marks it"
	cf validate bad.yaml
	is $status 65 "and so does certfleet"
}
complains 'isuers: {}' "isuers" "an unknown key"
complains 'certificates: {a: {import: {pem: a, pkcs12: b}}}' "pkcs12" "an import of two kinds"
complains 'certificates: {a: {import: {pem: a}, subject: CN=a}}' "subject" "a subject of an import"
complains 'components: {a: {certificate: b, deliver: {files: {directory: d, key: k}}}}' "directory" "a directory with single paths"
complains 'components: {a: {certificate: b, deliver: {files: {directory: d}}, activate: {pidfile: p}}}' "signal" "a pidfile without a signal"
complains 'components: {a: {certificate: b, deliver: {files: {directory: d}}, verify: {tls: example.com}}}' "example.com" "an address without a port"
complains 'components: {a: {certificate: b, deliver: {files: {directory: d}}, activate: appmonn}}' "appmonn" "another text than appmon"
complains 'access: {appmon: {url: "http://h:8020", user: a, password: {env: CERTFLEET_A}}}' "http://h" "a plain URL"
{ sleep 0.3; "$CERTFLEET" schema 2>run/said; } | true
is "$(cat run/said)" "" "a reader that goes early is no mistake to be told of"
finish
