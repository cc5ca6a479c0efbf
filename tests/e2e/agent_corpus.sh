#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Requests and TLS byte streams of other projects' fuzzers: no crash, no file
# changed, a good request afterwards works.
. "$(dirname "$0")/agent_lib.sh"
corpus=$corpora/http
[ -f "$corpus/index.jsonl" ] || skip_all "the corpus is not there"
make_authorities
free_port port
make_pair one run/one.pem run/one.key
mkdir tls/web
cp run/one.pem tls/web/fullchain.pem
cp -p run/one.key tls/web/key.pem
agent_component web "install: {directory: $work/tls/web}"
start_agent host 127.0.0.1 "$port"
installs=$(installing_half host) talks=$(network_half host)
everything() { find tls run/host.state -exec stat -c '%n %f %s %y' {} + | sort | sha256sum; }
before=$(everything)
python_tap agent_corpus.py "$port" "$corpus"
is "$(everything)" "$before" "no file was changed"
kill -0 "$installs" && kill -0 "$talks"; ok $? "both processes are there"
is "$(network_half host)" "$talks" "the same ones"
is "$(wc -l <run/host.log)" 1 "nothing was complained about"
finish
