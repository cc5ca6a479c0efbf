#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# init: what it writes, what it refuses, and its questions on a terminal.
. "$(dirname "$0")/lib.sh"
unset CERTFLEET_BACKUP_PASSPHRASE
empty() { # a new, empty directory to work in
	rm -rf "$work/shop"
	mkdir "$work/shop"
	cd "$work/shop" || exit 1
	mkdir run
}

# A conversation on a terminal: init ARGS, and each line of standard input after the
# prompt that stands before a '|' in it.  Ctrl-C is ^C.
talk() { # ARGS...
	cat >run/script
	out=$(timeout 120 python3 - "$CERTFLEET" "$@" <<-'END'
	import os, pty, sys, time
	script = [line.rstrip("\n").split("|", 1) for line in open("run/script")]
	child, fd = pty.fork()
	if child == 0:
	    os.execv(sys.argv[1], sys.argv[1:2] + ["init"] + sys.argv[2:])
	seen, from_here = b"", 0
	for prompt, answer in script:
	    while prompt.encode() not in seen[from_here:]:
	        try:
	            piece = os.read(fd, 4096)
	        except OSError:
	            piece = b""
	        if not piece:
	            break
	        seen += piece
	    from_here = len(seen)
	    os.write(fd, b"\x03" if answer == "^C" else b"\x04" if answer == "^D" else answer.encode() + b"\n")
	while True:
	    try:
	        piece = os.read(fd, 4096)
	    except OSError:
	        break
	    if not piece:
	        break
	    seen += piece
	sys.stdout.buffer.write(seen.replace(b"\r", b""))
	sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
	END
	)
	status=$?
}

# ---- without a terminal ----
empty
cf init
is $status 64 "nothing given, and nobody to ask: 64"
has "$out" "give --subject DN or --import FILE\|--subject DN or --import FILE, and --component NAME=PLACE" "it says what is missing"
has "$out" "--from-files CERT,KEY@HOST:PORT" "and the other ways"
is "$(ls -A | grep -v run)" "" "and leaves nothing"
refused() { # PATTERN ARGS...
	cf init "${@:2}"
	[ $status -ne 0 ]; ok $? "${*:2} is refused"
	has "$out" "$1" "with the reason"
}
refused "has no CN" --subject O=Shop
refused "looks like CN=" --subject CN
refused "is no name for a certificate" --subject CN=a --names 'a b'
refused "neither self nor a name" --subject CN=a --issuer no/name
refused "must look like 90d" --subject CN=a --validity 5
refused "validity" --subject CN=a --validity 200y
refused "immediate or postponed" --subject CN=a --restart later
refused "like web1=" --subject CN=a --component x
refused "it is one of files:CERTIFICATE,KEY" --subject CN=a --component x=ftp:y
refused "no component 'x'" --subject CN=a --activate x=unit:y
refused "named twice" --subject CN=a --component x=files:/x --component x=files:/y
refused "activates nothing" --subject CN=a --component x=files:/x --activate x=signal:HUP
refused "ends within quotes, or with a backslash" --subject CN=a --component x=files:/x --activate "x=command:sh -c 'a b"
refused "activates nothing" --subject CN=a --component x=files:/x --activate 'x=command: '
refused "is no port" --subject CN=a --component x=files:/x --verify x=nope
refused "is no protocol" --subject CN=a --component x=files:/x --verify x=h:1/gopher
refused "No such file" --import run/none
refused "goes with --subject" --names a
refused "give one of them" --subject CN=a --import x
refused "leave out --subject" --subject CN=a --from-probe h:1
refused "must name a certificate and its key" --from-files a.pem
refused "No such file" --from-files run/a,run/b
refused "cannot adopt 127.0.0.1:1" --from-probe 127.0.0.1:1
is "$(ls -A | grep -v run)" "" "none of them left anything"

cf init --subject 'CN=shop.example.com, O=Ex\, Shop' --names 'shop.example.com,db1.example.com,10.0.0.5' \
	--issuer shop-ca --validity 30d --restart postponed \
	--component front=files:tls/front --component 'db=sftp:deploy@db1.example.com,/etc/pg' \
	--component lb=haproxy:/run/haproxy.sock,/etc/haproxy/site.pem \
	--activate front=unit:nginx.service --activate 'db=command:systemctl restart postgresql' --component two=files:tls/two --activate 'two=command:sh -c "a  b; c" '\''it is'\'' x\ y' \
	--verify front=127.0.0.1:443 --verify db=db1.example.com:5432
is $status 0 "every answer as an option"
has "$(head -1 certfleet.yaml)" '^# yaml-language-server: $schema=.*/fleet.schema.json$' "an editor finds the schema"
cf validate
is $status 0 "the file is valid"
python3 - <<-'END'
import yaml
f = yaml.safe_load(open("certfleet.yaml"))
c = f["components"]
assert f["fleet"] == "shop" and f["issuers"]["shop-ca"]["publish"] == "shop-ca.pem"
assert f["certificates"]["shop.example.com"] == {"subject": 'CN=shop.example.com, O=Ex\\, Shop', "names": ["shop.example.com", "db1.example.com", "10.0.0.5"], "issuer": "shop-ca", "validity": "30d"}
assert f["roles"]["servers"] == {"restart": {"when": "postponed"}}
assert c["front"]["deliver"] == {"files": {"directory": "tls/front"}} and c["front"]["activate"] == {"unit": "nginx.service"}
assert c["db"]["deliver"] == {"sftp": {"url": "sftp://deploy@db1.example.com", "directory": "/etc/pg"}}
assert c["db"]["activate"] == {"command": ["systemctl", "restart", "postgresql"]}
assert c["db"]["verify"] == {"tls": "db1.example.com:5432", "starttls": "postgres"}, c["db"]
assert c["two"]["activate"] == {"command": ["sh", "-c", "a  b; c", "it is", "x y"]}, c["two"]
assert c["lb"]["deliver"] == {"haproxy": {"socket": "/run/haproxy.sock", "certificate": "/etc/haproxy/site.pem"}}
END
ok $? "another YAML reader reads what was said"
is "$(stat -c %a certfleet.yaml secrets secrets/backup.pass | paste -sd' ')" "644 700 600" "the passphrase is private"
has "$(cat secrets/backup.pass)" '^[0-9a-f]\{40\}$' "160 random bits"
git init -q . && git add -A >/dev/null 2>&1
is "$(git ls-files | grep -v run)" certfleet.yaml "git ignores it"
sum=$(cat certfleet.yaml secrets/backup.pass | sha256sum)
cf init --subject CN=other
is $status 64 "a second init: 64"
has "$out" "there already, and init overwrites nothing" "says why"
cf init --subject CN=other --out other.yaml
has "$out" "^next: certfleet plan other.yaml, then certfleet apply other.yaml$" "the commands that follow name the file"
is $status 0 "another file"
has "$out" "the one in secrets/backup.pass" "uses the passphrase that is there"
is "$(cat certfleet.yaml secrets/backup.pass | sha256sum)" "$sum" "nothing was overwritten"
chmod 644 secrets/backup.pass
cf init --subject CN=third --out third.yaml
is $status 65 "a passphrase that others may read is none"
[ ! -e third.yaml ]; ok $? "and nothing is written"
mkdir sub
cf -C "$work" init --subject 'CN=${each} x' --out shop/sub/certfleet.yaml --component 'a=files:shop/tls,x'
is $status 64 "a name that YAML and certfleet could misread is checked as text"
cf -C "$work" init --subject 'CN=${each} x' --names a.example --out shop/sub/certfleet.yaml --component a=files:shop/tls
is $status 0 "and quoted"
cf -C sub validate
is $status 0 "so that it is valid"
has "$(cat sub/certfleet.yaml)" "directory: $work/shop/tls" "a path is that of the working directory"

# ---- an import ----
empty
make_pair vendor.example run/v.pem run/v.key
cat run/v.pem run/v.key >run/both.pem
openssl pkcs12 -export -in run/both.pem -passout pass:sesame -out run/v.p12
echo sesame >run/v.pass
chmod 600 run/both.pem run/v.p12 run/v.pass
cf init --import run/v.p12 --password-file run/v.pass --component a=files:tls/a
is $status 0 "a PKCS#12 file with its password"
cf plan
is $status 0 "is planned"
has "$out" "import  *v.p12  first import" "as an import"
cf init --import run/both.pem --component a=files:tls/b --out pem.yaml
has "$(cat pem.yaml)" "import: {pem: run/both.pem}" "PEM is told by its content"
cf init --import run/v.pass --out none.yaml
is $status 64 "what is none is refused"

# ---- on a terminal ----
empty
talk <<-'END'
import|
subject:|O=Shop
subject:|CN=shop.example.com
names [shop.example.com]:|two words
names [shop.example.com]:|
issuer [shop-ca]:|no/name
issuer [shop-ca]:|
validity [90d]:|forever
validity [90d]:|400y
validity [90d]:|60d
component:|front
component:|front=nfs:/x
component:|front=files:tls/front
activate:|kill it
activate:|signal:HUP:run/nginx.pid
port:|443
port:|127.0.0.1:443
component:|
restarts [immediate]:|never
restarts [immediate]:|postponed
END
is $status 0 "an interview with wrong answers ends well"
for said in "has no CN" "is no name for a certificate" "neither self nor a name" "must look like 90d" \
	"'validity'" "must begin with the name of a component" "no place for a pair" "activates nothing" "is no port" "immediate or postponed, not 'never'"; do
	has "$out" "$said" "a wrong answer is told: $said"
done
has "$out" "Who signs it?" "questions explain themselves"
cf validate
is $status 0 "what it wrote is valid"
is "$(python3 -c 'import yaml; f = yaml.safe_load(open("certfleet.yaml")); print(f["certificates"]["shop.example.com"]["validity"], f["components"]["front"]["verify"]["tls"], f["roles"]["servers"]["restart"]["when"])')" "60d 127.0.0.1:443 postponed" "it is what was answered"
for key in ^C ^D; do
	empty
	talk <<-END
	import|
	subject:|CN=shop.example.com
	names|$key
	END
	[ "$status" -ne 0 ]; ok $? "$key ends it"
	has "$out" "nothing was written" "and says so"
	is "$(ls -A | grep -v run)" "" "nothing was written"
done
empty
talk --subject CN=a.example --issuer self <<-'END'
names|
validity|
component:|
restarts|
END
is $status 0 "what an option gave is not asked"
hasnt "$out" "Who signs it" "not the issuer"
cf validate
is $status 0 "without a component it is valid as well"
finish
