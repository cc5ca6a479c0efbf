#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A plan of a fleet file that nobody has reviewed: it contacts nobody, starts
# nothing, resolves no secret and reads nothing from elsewhere.
. "$(dirname "$0")/lib.sh"
command -v strace >/dev/null || skip_all "strace is not installed"
elsewhere=$work/elsewhere
mkdir -p repo/parts repo/tls elsewhere/state elsewhere/backups
export CERTFLEET_VENDOR=not-for-strangers

pack_vendor() { # FILE
	make_pair vendor run/v.crt run/v.key
	openssl pkcs12 -export -in run/v.crt -inkey run/v.key -passout env:CERTFLEET_VENDOR -out "$1"
}
pack_vendor repo/vendor.p12
pack_vendor elsewhere/other.p12
echo "the only line of a secret" >elsewhere/secret
chmod 600 elsewhere/secret
printf 'certfleet: 1\n' >repo/parts/more.yaml

write_fleet() { # COMPONENTS [HEAD]
	cat >repo/certfleet.yaml <<-END
	certfleet: 1
	fleet: pulled
	${2:-backup: {passphrase: {file: $elsewhere/secret\}\}}
	include: [parts/more.yaml]
	access: {agent: {certificate: $elsewhere/ops.pem, key: $elsewhere/ops.key, ca: $elsewhere/agents.pem}}
	issuers:
	  ca: {subject: "CN=Pulled CA", publish: $elsewhere/ca.pem}
	certificates:
	  site: {subject: "CN=site.example.test", names: [site.example.test], issuer: ca}
	  vendor: {import: {pkcs12: ${vendor:-vendor.p12}, password: {env: CERTFLEET_VENDOR}}}
	components:
	$1
	END
}
everything="  front:
    certificate: site
    deliver: {files: {directory: tls/front}}
    activate: {command: [/usr/bin/touch, $elsewhere/ran]}
    verify: {tls: \"localhost:443\", server_name: site.example.test}
  proxy:
    certificate: vendor
    deliver: {haproxy: {socket: $elsewhere/proxy.sock, certificate: $elsewhere/proxy.pem}}
  edge:
    certificate: vendor
    deliver: {agent: \"https://localhost:7443\"}
  lb:
    certificate: site
    deliver: {command: {probe: [/usr/bin/touch, $elsewhere/ran], commit: [/usr/bin/touch, $elsewhere/ran]}}"
files="  front: {certificate: site, deliver: {files: {directory: tls/front}}}
  mail: {certificate: vendor, deliver: {files: {directory: tls/mail}}}"

# A call that another process's line interrupted is written as one again.
whole_calls() {
	awk '/<unfinished \.\.\.>$/ { sub(/<unfinished \.\.\.>$/, ""); begun[$1] = $0; next }
		/<\.\.\. [a-z0-9_]+ resumed>/ {
			pid = $1
			sub(/^.*<\.\.\. [a-z0-9_]+ resumed>/, "")
			print begun[pid] $0
			next
		}
		{ print }' run/calls >run/whole && mv run/whole run/calls
}

# What one run asked of the kernel once it began, in run/asked.
traced() {
	ASAN_OPTIONS=detect_leaks=0 timeout 120 strace -f -y -o run/calls -e trace=%network,%process,%file,openat2 \
		"$CERTFLEET" -C repo "$@" >run/shown 2>run/said </dev/null
	status=$?
	cat run/shown run/said >run/both
	whole_calls
	# the decoder belongs to process set-up, and ends with its channel
	awk '!main { main = $1 }
		$1 != main { next }
		settled
		/sendmsg\(/ { settled = 1 }' run/calls | sed -E 's/^[0-9]+ +//' >run/asked
	awk '{ print } /sendmsg\(/ { exit }' run/calls >run/begun
}

# Where opened files really lie, if it is neither the checkout nor the system.
opened_elsewhere() { # [PATTERN of what may be]
	sed -nE 's/^(open|openat|openat2|creat)\(.* = [0-9]+<([^>]*)>$/\2/p' run/asked |
		grep -vE "^($work/repo(/.*)?|/proc/.*|/dev/(u?random|null)|/etc/localtime|/usr/share/(zoneinfo|locale)/.*|(/usr)?/lib(64)?/.*|/etc/ld.so.cache${1:+|$1})$" | sort -u
}

confined_well() { # WHAT [PATTERN]
	is "$(grep -E '^(socket|socketpair|connect|bind|sendto|sendmsg)\(' run/asked)" "" "$1: no socket"
	is "$(grep -E '^(fork|vfork|clone|clone3|execve|execveat)\(' run/asked)" "" "$1: no child"
	is "$(opened_elsewhere "${2:-}")" "" "$1: nothing is opened elsewhere"
	is "$(grep -F "$elsewhere" run/asked | grep -v EXDEV)" "" "$1: nothing elsewhere is even looked at"
	hasnt "$(cat run/both)" "not-for-strangers\|the only line" "$1: no secret is shown"
}

write_fleet "$everything"
traced plan --confined
is $status 0 "a plan of a fresh checkout"
confined_well "a fresh checkout"
has "$(cat run/shown)" "touch $elsewhere/ran" "it tells the command"
has "$(cat run/shown)" "front .*commit, restart" "and what would happen to a component that nobody looked at"
has "$(cat run/shown)" "import  *vendor  *first import" "and to an import that it does not open"
[ ! -e elsewhere/ran ] && [ ! -e repo/.certfleet ]; ok $? "but nothing has happened"
is "$(grep -cE ' (fork|vfork|clone|clone3)\(.*= [0-9]+$' run/begun)" 1 "S5: one process is started before anything else, the decoder"
hasnt "$(cat run/begun)" "certfleet.yaml" "S5: and that is before the fleet file is opened"
# this test would see it
traced plan
grep -q '^socket(' run/asked && grep -qE '^(clone|clone3|fork|vfork)\(' run/asked; ok $? "a plan that is not confined does reach out"
(CERTFLEET_VENDOR='' traced plan --confined; exit $status); ok $? "no variable needs to be set"

cp -r "$root/examples/appmon" repo/appmon
chmod -R o+rX repo/appmon
traced plan --confined appmon/generate-and-deploy.yaml
is $status 0 "a plan of an AppMon system"
confined_well "an AppMon system"
has "$(cat run/shown)" "role 'collector'" "which has the roles of its topology"

traced plan --confined --out ../run/p.plan --report ../run/r.csv --json
is $status 0 "--out and --report"
confined_well "--out and --report" "$work/run(/.*)?"
fits_schema plan.schema.json run/shown; ok $? "the plan is what the schema says"
is "$(jq -r '.steps[] | select(.kind == "import").generation' run/shown)" null "what an import holds is not known"
has "$(cat run/said)" "refuses it as stale unless" "how much a saved one is worth is said"
[ -s run/p.plan ] && [ -s run/r.csv ]; ok $? "both are written"
cf -C repo plan --confined --offline
is $status 64 "--confined with --offline: 64"
cf -C repo plan --confined --out ../run/p.plan --at 2027-01-01
is $status 64 "--out with --at: 64"

# what may not be read
vendor=$elsewhere/other.p12
write_fleet "$everything" "state: {path: $elsewhere/state}
backup: {directory: $elsewhere/backups, passphrase: {command: [/usr/bin/touch, $elsewhere/asked]}}"
touch elsewhere/state/state.db elsewhere/backups/pulled-000001-x.zip
traced plan --confined
is $status 0 "state, backups and an import that lie elsewhere"
confined_well "elsewhere"
has "$(cat run/said)" "the state lies outside" "the state is left out"
has "$(cat run/said)" "import 'vendor' is not looked at" "and the import"
hasnt "$(cat run/shown)" "state-missing" "and the bundles"
[ ! -e elsewhere/asked ]; ok $? "no secret is asked for"
vendor=
write_fleet "$everything"
ln -s ../elsewhere/state repo/.certfleet
ln -s ../elsewhere/backups repo/backups
ln -sf ../elsewhere/other.p12 repo/vendor.p12
traced plan --confined
is $status 0 "symbolic links that lead elsewhere"
confined_well "symbolic links"
has "$(cat run/said)" "the state lies outside" "lead nowhere"
rm repo/.certfleet repo/backups repo/vendor.p12
pack_vendor repo/vendor.p12
mv repo/certfleet.yaml run/good.yaml
ln -s ../elsewhere/secret repo/certfleet.yaml
traced plan --confined
is $status 65 "a fleet file that is a link to elsewhere is refused"
confined_well "a linked fleet file"
rm repo/certfleet.yaml
cp elsewhere/secret repo/certfleet.yaml
traced plan --confined
is $status 65 "a file that does not begin as a fleet file is refused"
hasnt "$(cat run/both)" "the only line" "and not one line of it is shown"
has "$(cat run/both)" "^certfleet.yaml:1:1: " "but its place"
cp run/good.yaml repo/certfleet.yaml
sed -i 's|parts/more.yaml|../elsewhere/secret|' repo/certfleet.yaml
traced plan --confined
is $status 65 "an include from elsewhere is refused"
confined_well "an include"

# with a state that lies in the checkout
write_fleet "$files"
cf -C repo apply --yes
is $status 0 "an apply, which is not confined"
traced plan --confined --detailed-exitcode --out ../run/p.plan
is $status 0 "nothing to do, as it was last seen"
confined_well "with a state" "$work/run(/.*)?"
hasnt "$(cat run/shown)" "Preconditions" "and nothing is new"
cf -C repo apply ../run/p.plan
is $status 0 "what is saved then is not stale"
sed -i 's/names: \[site/names: [www.example.test, site/' repo/certfleet.yaml
traced plan --confined --out ../run/p.plan
has "$(cat run/shown)" "issue  *site  *names +" "a changed certificate"
cf -C repo apply ../run/p.plan
is $status 0 "is applied as it was planned, since all is as it was last seen"
sed -i 's/^  mail: .*/&\n  more: {certificate: site, deliver: {files: {directory: tls\/more}}}/' repo/certfleet.yaml
traced plan --confined --out ../run/p.plan
is $status 0 "a component that is new"
has "$(cat run/shown)" "more  *<- site" "gets its pair"
cf -C repo apply ../run/p.plan
is $status 5 "nobody had looked at it: stale"
has "$out" "moved more: installed was unknown, is nothing" "and that is said"
pack_vendor repo/vendor.p12
traced plan --confined --json
is $status 0 "an import that changed"
is "$(jq -c '[.steps[] | select(.certificate == "vendor") | [.kind, .component, .generation]]' run/shown)" \
	'[["import",null,null],["stage","mail",null],["commit","mail",null]]' "another import file is planned by its hash"
confined_well "another import file"
: >repo/backups/pulled-999999-20990101T000000Z.zip
traced plan --confined
is $status 0 "a bundle with a higher serial"
has "$(cat run/shown)" "state-behind: the bundle 'pulled-999999" "is believed by its name"
confined_well "a newer bundle"
# S3: what may be read is not what may be shown
printf 'certfleet: 1\nfleet: pulled\nbackup: {unencrypted: true}\nstate: {path: .pulled, unsealed: true}\nissuers:\n  ca: {subject: "CN=CA"}\ncertificates:\n  site: {subject: "CN=site.example.test", issuer: ca}\ncomponents:\n' >run/head.yaml
group() { # CSV COLUMN [MORE]
	{ cat run/head.yaml; echo "  edge: {each: {csv: $1, name: \"$2\"}, certificate: site, deliver: {files: {directory: \"tls/\${each}\"}}${3:-}}"; } >repo/certfleet.yaml
}
mkdir -p repo/secrets
openssl genpkey -algorithm ed25519 -out repo/secrets/ed.pem 2>/dev/null
chmod 644 repo/secrets/ed.pem
group secrets/ed.pem "-----BEGIN PRIVATE KEY-----"
for how in "plan --confined" plan validate; do
	# shellcheck disable=SC2086
	cf -C repo $how
	is $status 65 "S3: '$how' takes no key for a CSV file"
	hasnt "$out" "$(sed -n 2p repo/secrets/ed.pem)" "S3: and '$how' shows no line of it"
	has "$out" "^secrets/ed.pem:1:1: " "S3: '$how' gives its place"
done
printf 'name\ntop-secret\n' >repo/secrets/list
chmod 640 repo/secrets/list
group secrets/list name
cf -C repo plan --confined
is $status 65 "S3: a CSV file that others may not read is none when confined"
hasnt "$out" "top-secret" "S3: and not a cell of it is shown"
has "$out" "has mode 0640" "S3: but why"
chmod 644 repo/secrets/list
cf -C repo plan --confined
is $status 0 "S3: one that others may read is taken"
group secrets/list name ", host: \"\${component.host}\""
cf -C repo plan --confined
is $status 65 "S3: a host that is made of itself"
hasnt "$out" "top-secret" "S3: shows no cell either (sibling)"
printf 'password: the only line\nother: 1\n' >repo/certfleet.yaml
cf -C repo plan --confined
is $status 65 "S3: a main file that is none"
hasnt "$out" "password\|only line" "S3: not even its keys are shown (sibling)"
printf 'hunter2\n' >repo/secrets/pin
{ cat run/head.yaml; printf '  front: {certificate: site, deliver: {files: {directory: tls/front}}}\n'; } |
	sed 's|^components:|  vendor: {import: {pem: secrets/pin}}\n&|' >repo/certfleet.yaml
cf -C repo plan --confined --json
hasnt "$out" "$(sha256sum repo/secrets/pin | cut -c1-64)" "S3: of a short secret no hash is shown"
has "$out" "neither PEM, DER, PKCS#12 nor a ZIP" "S3: an import that is none is refused before it is hashed"
echo 'root:x:0:0' >run/none.json
cf -C repo plan show ../run/none.json
hasnt "$out" "root" "S3: a saved plan that is none is not quoted (sibling)"

# S20: small files that would be large
if [[ $CERTFLEET != *-san/* ]]; then
	small() { # WHAT LIMIT-WORDS
		(ulimit -v 700000; timeout 120 "$CERTFLEET" -C repo validate >run/both 2>&1)
		is $? 65 "S20: $1 ends within 700 MB"
		has "$(cat run/both)" "$2" "S20: and the limit is named: $2"
	}
	{ cat run/head.yaml; for i in 0 1 2 3 4 5 6 7 8 9; do
		echo "  g$i: {each: [\"e[00000-99999]\"], certificate: site, deliver: {files: {directory: \"/t/$i/\${each}\"}}}"
	done; } >repo/certfleet.yaml
	small "a file of ten groups" "more than 100000 components"
	text=$(printf 'x%.0s' {1..60})
	{ sed '/^certificates:/,$d' run/head.yaml; printf 'x-n: &n ["%s"' '${component.host}'
		for i in {1..90}; do printf ', "n%d-${each}.%s.example"' "$i" "$text"; done; printf ']\n'
		echo 'certificates: {site: {per: component, subject: CN=a, issuer: ca, names: *n}}'
		# shellcheck disable=SC2016
		echo 'components: {edge: {each: ["e[00000-99999]"], certificate: site, deliver: {files: {directory: "/t/${each}"}}}}'
	} >repo/certfleet.yaml
	small "names for each of many components (sibling)" "more than 256 MiB"
	{ printf 'name'; for i in {1..99}; do printf ',c%d' "$i"; done; echo
		cells=$(printf ',12345%.0s' {1..99}); seq 99000 | sed "s/\$/$cells/"; } >repo/wide.csv
	group wide.csv name
	small "a wide CSV file (sibling)" "more than 256 MiB"
	rm repo/wide.csv
fi

# S21: what is read is a file of its own name
mkdir -p run/out
printf 'certfleet: 1\n' >run/out/more.yaml
{ cat run/head.yaml; printf '  front: {certificate: site, deliver: {files: {directory: tls/front}}}\ninclude: [parts/fd.yaml]\n'; } >repo/certfleet.yaml
sed '/^include:/d' repo/certfleet.yaml >run/out/whole.yaml
exec 7<run/out/more.yaml 8<run/out/whole.yaml
ln -sf /proc/self/fd/7 repo/parts/fd.yaml
cf -C repo validate
is $status 65 "S21: a link of /proc that is no path leads nowhere, in a plain run too"
cf -C repo validate /proc/self/fd/8
is $status 65 "S21: nor is it a fleet file (sibling)"
has "$out" "no path of its own" "S21: which is said"
exec 7<&- 8<&-
ln -sf ../../run/out/more.yaml repo/parts/fd.yaml
cf -C repo validate
is $status 65 "S21: nor one that leads out of the fleet file's directory"
has "$out" "outside the directory of the fleet file" "S21: and that is said"

# ---- S17: a state that somebody made to keep us busy ----
if command -v sqlite3 >/dev/null; then
	rm -rf repo/.certfleet repo/certfleet.lineage
	write_fleet "$files" "backup: {directory: ../run/backups, passphrase: {file: $elsewhere/secret}}"
	mkdir -m 700 repo/.certfleet
	sqlite3 repo/.certfleet/state.db "
		PRAGMA application_id = 1667656820; PRAGMA user_version = 1;
		CREATE VIEW record AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n)
			SELECT 'a' AS key, '{}' AS value, x AS revision FROM n WHERE x < 0;
		CREATE TABLE counter (id INTEGER PRIMARY KEY CHECK (id = 1), revision INTEGER NOT NULL) STRICT;"
	chmod 600 repo/.certfleet/state.db
	timeout -k 5 120 "$CERTFLEET" -C repo plan --confined >run/shown 2>run/said
	is $? 1 "S17: a view in place of a table does not hang a confined plan"
	has "$(cat run/said)" "has other tables than certfleet makes" "S17: it says what is wrong with the state"
	rm -rf repo/.certfleet
fi


# ---- S5: who decodes what strangers wrote ----
# every "PARENT CHILD" of run/calls, and the one process that begins with run/calls;
# a thread is no child
forks() { sed -nE '/CLONE_THREAD/d; s/^([0-9]+) +(<\.\.\. )?(fork|vfork|clone|clone3)[ (].*= ([0-9]+)$/\1 \4/p' run/calls; }
write_fleet "$files" $'backup: {directory: ../run/backups, unencrypted: true}\nstate: {path: .certfleet, unsealed: true}'
traced plan
main=$(awk 'NR == 1 { print $1 }' run/calls)
decoder=$(forks | awk -v m="$main" '$1 == m { print $2; exit }')
is "$(forks | awk -v m="$main" '$1 == m' | wc -l)" 1 "S5: a plan with an import starts the decoder and decodes nothing beside it"
below=$(forks | awk -v d="$decoder" '$1 == d { serves[$2] } $1 in serves { n++ } END { print n + 0 }')
[ "$below" -ge 1 ]; ok $? "S5: what decodes the import is a child below the decoder"
hasnt "$(grep -E "^($(forks | awk -v m="$main" '$1 != m || 1 { printf "%s%s", s, $2; s = "|" }')) " run/calls)" "vendor.p12\|certfleet.yaml" \
	"S5: no process of the decoder opens a file of the fleet"

finish
