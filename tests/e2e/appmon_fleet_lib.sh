# SPDX-License-Identifier: Apache-2.0
# For scripts that apply to the stand-in AppMon Server: pairs for its tiers and
# collectors, and the fleet file.  Its tiers read the pairs where `files` puts them.
# shellcheck shell=bash
# shellcheck disable=SC2154
. "$(dirname "${BASH_SOURCE[0]}")/appmon_lib.sh"
m=/rest/management
(umask 077 && echo secret >secrets/appmon)

# The fleet file: the server, and collectors whose names are given.  Set before:
# certificate (more keys), server_role, collector_role, server, collectors (more
# components), top (more of the file), access (more keys).
write_fleet() { # NAME@HOST...
	local id
	cat >certfleet.yaml <<-END
	certfleet: 1
	fleet: appmon
	backup: {directory: backups, passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}}
	access: {appmon: {url: "https://127.0.0.1:$web", user: certfleet, password: {file: secrets/appmon}, ${trust:-pin: ["sha256:$pin"]}}}
	issuers: {ca: {subject: "CN=AppMon CA", key: ecdsa-p256}}
	certificates: {appmon: {subject: "CN=dt.example.com", names: [dt.example.com], issuer: ca, key: rsa-2048, commit: all-first ${certificate:-}}}
	roles:
	  server: {restart: {timeout: ${server_timeout:-60s}} ${server_role:-}}
	  collector:
	    version: {minimum: "6.3", same: true}
	    after: [server]
	    ${offline:-offline: acknowledge}
	    restart: {max_unavailable: ${at_once:-100%}, timeout: ${collector_timeout:-60s} ${restart:-}}
	components:
	  server:
	    role: server
	    certificate: appmon
	    appmon: server
	    deliver: {files: {directory: appmon/server}}
	    activate: appmon
	    verify: {tls: "127.0.0.1:$collector", server_name: dt.example.com}
	    ${server:-}
	END
	for id; do
		cat >>certfleet.yaml <<-END
		  ${id%@*}:
		    role: collector
		    certificate: appmon
		    appmon: {collector: "$id"}
		    deliver: {files: {directory: "appmon/$id"}}
		    activate: appmon
		END
	done
	printf '%s\n' "${top:-}" >>certfleet.yaml
}

# Pairs of tiers, and of collectors that trust the server's.
make_tiers() { # NAME@HOST...
	local id
	for id in web server frontend mas; do appmon_pair $id; done
	for id; do
		mkdir -p "appmon/$id"
		cp appmon/server/* "appmon/$id"
	done
	pin=$(installed appmon/web/fullchain.pem)
}
state_of() { # COMPONENT: state, and evidence
	cf status --json
	jq -r --arg name "$1" '.components[] | select(.name == $name) | "\(.state) \(.evidence)"' <<<"$out"
}
starts_of() { state | jq -r --arg id "$1" '.collectors[$id].starts'; }
server_starts() { state | jq -r .tiers.server.starts; }
account() { # PERMISSION-IT-LACKS...
	control "$(jq -nc '{set: {users: {certfleet: {password: "secret", without: $ARGS.positional}}}}' --args "$@")"
}
spoil() { # REQUEST TRAP [TIMES]; without: none
	control "$(jq -nc --arg request "${1:-}" --arg trap "${2:-}" --arg times "${3:-}" '{set: {spoil:
		(if $trap == "" then [] else [{request: $request, "as": $trap} + if $times == "" then {} else
		{times: ($times | tonumber)} end] end)}}')"
}
collectors_connect() { # NAME@HOST...
	local id
	for id; do comes collector_has "$id" connected true || return 1; done
}
# A new pair is wanted from here on.
renew() { cf apply --yes --reissue appmon "$@"; }

last_run() { # what history has of it, as JSON
	cf history --json
	cf history "$(jq '.runs[0].run' <<<"$out")" --json
}
