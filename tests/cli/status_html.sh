#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# status --html: the file, and the page in a browser.
. "$(dirname "$0")/lib.sh"
playwright=$(dirname "$CERTFLEET")/npm/node_modules/playwright-core
mkdir small large shots
cd small || exit 1
mkdir run
plain_fleet
sed -i "s|^certificates:|&\n  odd: {subject: 'CN=a\\\\<\/script \\\\<img src\\\\=x onerror\\\\=alert(1)\\\\>', names: [odd.example], issuer: ca, validity: 20d}|" certfleet.yaml
cat >>certfleet.yaml <<-END
  three: {role: web, certificate: site, deliver: {files: {directory: tls/three}}}
  weird: {role: web, certificate: odd, deliver: {files: {directory: tls/weird}}}
END
mkdir tls
cf apply --yes
is $status 0 "a fleet to look at"
rm -rf tls/two tls/.two*
cf status --html page.html
is $status 0 "a page is written"
is "$out" "" "instead of the table"
is "$(stat -c %a page.html)" 644 "for a web server to read"
is "$(grep -c '<script' page.html)" 2 "nothing in it begins a third script"
is "$(grep -o 'https\?://[^"]*' page.html)" "" "it names no other place"
has "$(grep -o 'http-equiv="Content-Security-Policy" content="[^"]*"' page.html)" \
	"default-src 'none'; .*script-src 'sha256-[^ ]*'; style-src 'sha256-[^ ]*'\"" "and has a strict policy"
cf status --html page.html --json
is $status 0 "it is replaced by a newer one, beside another form"
cp certfleet.yaml kept.yaml
cf status --html certfleet.yaml
is $status 64 "but nothing else is"
cmp -s certfleet.yaml kept.yaml; ok $? "the fleet file least of all"
cd ../large || exit 1
mkdir run
plain_fleet
sed -i '/^  one:/,$d; s/^  web: .*/&\n  db: {}/' certfleet.yaml
for i in $(seq 1000); do
	echo "  w$i: {role: web, certificate: site, deliver: {files: {directory: tls/w$i}}}"
	echo "  d$i: {role: db, certificate: site, deliver: {files: {directory: tls/d$i}}}"
done >>certfleet.yaml
cf status --offline --html page.html
is $status 0 "a page of 2,000 components"
cd .. || exit 1
if ! command -v chromium >/dev/null || [ ! -d "$playwright" ]; then
	ok 0 "the page in a browser # SKIP chromium or playwright-core cannot be installed"
	finish
fi
timeout 300 node "$root/tests/cli/status_html.js" "$playwright" "$work/small/page.html" "$work/large/page.html" "$work/shots" >seen 2>&1
while read -r word text; do
	case $word in
	pass) ok 0 "$text" ;;
	"#") echo "# $text" ;;
	*) ok 1 "$word $text" ;;
	esac
done <seen
[ "$(grep -c ^pass seen)" -ge 30 ]; ok $? "everything was looked at"
finish
