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
    k: [(t, r) for t, r in v if t not in ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:int", "tag:yaml.org,2002:float")]
    for k, v in yaml.SafeLoader.yaml_implicit_resolvers.items()}
Core.add_implicit_resolver("tag:yaml.org,2002:int", __import__("re").compile(r"^[-+]?[0-9]+$"), list("-+0123456789"))
json.dump(yaml.load(sys.stdin, Core), sys.stdout)'
}

for file in "$root"/examples/*.yaml "$root"/examples/demo/*.yaml; do
	to_json <"$file" >run/fleet.json
	fits_schema fleet.schema.json run/fleet.json
	ok $? "${file#"$root"/} is valid by the schema"
	cf validate "$file"
	is $status 0 "and by certfleet"
done

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
"$CERTFLEET" schema 2>run/said | true
is "$(cat run/said)" "" "a reader that goes early is no mistake to be told of"
finish
