# SPDX-License-Identifier: Apache-2.0
# For scripts with the stand-in AppMon Server, which tests/appmon/server.py
# describes: it is started in the script's folder, on free ports whose numbers
# are in web, collector, frontend, plain, client, webui and mas.
# shellcheck shell=bash
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
for port in web collector frontend plain client webui mas; do free_port $port; done

# The pair of a tier or a collector's store: appmon/NAME/fullchain.pem, key.pem
appmon_pair() { # NAME [COMMON-NAME]
	mkdir -p "appmon/$1"
	make_pair "${2:-$1}" "appmon/$1/fullchain.pem" "appmon/$1/key.pem"
}

start_appmon() { # OPTIONS: JSON over those here
	# shellcheck disable=SC2154
	jq -n "{web: $web, collector: $collector, frontend: $frontend, plain: $plain,
			client: $client, webui: $webui, mas: $mas} as \$ports |
		{ports: \$ports, pairs: {web: \"appmon/web\", server: \"appmon/server\",
			frontend: \"appmon/frontend\", mas: \"appmon/mas\"},
			store: \"appmon/{name}@{host}\"} + $1" >run/appmon.json
	python3 "$root/tests/appmon/server.py" run/appmon.json run/appmon.sock >>run/appmon.log 2>&1 &
	appmon=$!
	pids+=("$appmon")
	comes control_answers && wait_port "$web"
}
stop_appmon() {
	kill "$appmon"
	wait "$appmon" 2>/dev/null
	rm -f run/appmon.sock
}
control_answers() { state >run/state 2>&1; }

control() { # JSON: what POST of server.py describes
	curl -sS -m 60 --fail-with-body --unix-socket run/appmon.sock -d "$1" http://appmon/ >run/control 2>&1 ||
		{ sed 's/^/# control: /' run/control; return 1; }
}
state() { curl -sSf -m 60 --unix-socket run/appmon.sock http://appmon/state; }
events() { # [WHAT [SUBJECT]]: what, subject and detail of each, in order
	curl -sSf -m 60 --unix-socket run/appmon.sock http://appmon/events |
		jq -r --arg what "${1:-}" --arg subject "${2:-}" '.[] |
			select($what == "" or .what == $what) | select($subject == "" or .subject == $subject) |
			"\(.what) \(.subject) \(.detail)"'
}
requests() { # METHOD PATH: how often it came
	curl -sSf -m 60 --unix-socket run/appmon.sock http://appmon/counts | jq -r --arg r "$1 $2" '.[$r] // 0'
}
collector_has() { # NAME@HOST FIELD VALUE, as /state has them
	[ "$(state | jq -r --arg id "$1" --arg field "$2" '.collectors[$id][$field]')" = "$3" ]
}
tier_has() { # TIER FIELD VALUE
	[ "$(state | jq -r --arg tier "$1" --arg field "$2" '.tiers[$tier][$field] | tostring')" = "$3" ]
}

# Leaves the status in $code, 000 without any, that of curl in $curl_status, and
# the body in run/body.
rest() { # METHOD PATH [CURL-OPTION...]
	local method=$1 path=$2
	shift 2
	code=$(curl -sk -m 60 -u certfleet:secret -X "$method" -o run/body -D run/headers -w '%{http_code}' "$@" \
		"https://127.0.0.1:$web$path" 2>run/rest.error)
	curl_status=$?
	[ "$code" = 200 ]
}
