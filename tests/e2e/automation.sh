#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The examples for CI and schedulers: their shell steps are run here, what cannot be
# run is read by the program it is for, or by a model of its objects.
# shellcheck disable=SC2154
. "$(dirname "$0")/lib.sh"
examples=$root/examples
mkdir bin checkout
ln -s "$CERTFLEET" bin/certfleet
python=/usr/bin/python3 # the one that Debian's modules are for

# What a file of YAML has at a path of keys: FILE KEY...
yaml_at() {
	"$python" - "$@" <<-'END'
	import sys, yaml
	at = yaml.safe_load(open(sys.argv[1]))
	for key in sys.argv[2:]:
	    at = at[int(key) if key.isdigit() else key]
	print("\n".join(at) if isinstance(at, list) else at)
	END
}

# The state is of the runner, not of the checkout.
cat >checkout/certfleet.yaml <<END
certfleet: 1
fleet: shop
state: {path: $work/kept/state, required: true}
backup: {directory: $work/kept/bundles, passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}}
certificates:
  site: {subject: "CN=site.example.test", issuer: self}
components:
  web: {certificate: site, deliver: {files: {directory: $work/tls/web}}}
END
job() { # SCRIPT: as a runner does, in the checkout
	(cd checkout && PATH=$work/bin:$PATH timeout 120 bash -e -c "$1") >run/job 2>&1 </dev/null
}

# ---- systemd ----
for unit in certfleet.service certfleet.timer certfleet-failed@.service; do
	sed "s#/usr/local/bin/certfleet#$CERTFLEET#" "$examples/systemd/$unit" >"run/$unit"
done
cp run/certfleet-failed@.service run/certfleet-failed@certfleet.service
told=$(systemd-analyze verify run/certfleet.service run/certfleet.timer run/certfleet-failed@certfleet.service 2>&1 | grep "$work/run")
is "$told" "" "systemd has nothing to say of the units"
has "$(systemd-analyze calendar "$(sed -n 's/^OnCalendar=//p' run/certfleet.timer)" 2>&1)" "Next elapse" "the timer has a next time"
hasnt "$(cat run/certfleet.service)" "SuccessExitStatus\|^ExecStart=-" "and no exit code is hidden"
night=$(sed -n 's/^ExecStart=[^ ]* //p' run/certfleet.service)

# ---- GitHub ----
actions=$examples/github-actions
job "$(yaml_at "$actions/plan.yml" jobs plan steps 1 run)"
is $? 0 "github: the fleet file is valid"
job "$(yaml_at "$actions/plan.yml" jobs plan steps 2 run)"
is $? 0 "github: a plan where there is no state, no secret and no component"
has "$(cat checkout/plan.md)" "site" "github: names what it would do"
is "$(find kept tls -mindepth 1 2>/dev/null)" "" "github: and did nothing"
printf '#!/bin/sh\nprintf "%%s\\n" "$@" >%s\n' "$work/run/comment" >bin/gh
chmod +x bin/gh
NUMBER=17 job "$(yaml_at "$actions/plan.yml" jobs plan steps 3 run)"
is $? 0 "github: the comment"
is "$(sed -n '3p;$p' run/comment)" $'17\nplan.md' "github: is the plan, on the pull request"
apply=$(yaml_at "$actions/apply.yml" jobs apply steps 1 run)
mkdir -p tls/web
job "$apply"
is $? 3 "github: a runner without a state asks"
has "$(cat run/job)" "state-missing" "github: and says why"
job "$apply --ack state-missing"
is $? 0 "github: the first time somebody says so"
job "$apply"
is $? 0 "github: the next time nobody has to"
has "$(cat run/job)" "nothing to do" "github: and nothing is done twice"
job "$(yaml_at "$actions/apply.yml" jobs apply steps 2 run)"
is $? 0 "github: all is well"
for file in plan apply; do
	ok "$("$python" - "$actions/$file.yml" <<-'END' && echo 0 || echo 1
	import sys, yaml
	workflow = yaml.safe_load(open(sys.argv[1]))
	known = {"name", True, "permissions", "concurrency", "jobs"} # YAML 1.1 reads "on" so
	steps = [s for j in workflow["jobs"].values() for s in j["steps"]]
	of_step = {"name", "uses", "with", "run", "env", "if"}
	of_job = {"runs-on", "environment", "timeout-minutes", "steps"}
	assert set(workflow) <= known and True in workflow
	assert all(set(j) <= of_job and "runs-on" in j for j in workflow["jobs"].values())
	assert all(set(s) <= of_step and ("run" in s) != ("uses" in s) for s in steps)
	# text from outside never becomes part of a script
	assert not any("${{" in s.get("run", "") for s in steps)
	END
	)" "github: $file.yml has the keys of a workflow, and no expression in a script"
done

# ---- GitLab ----
lab=$examples/gitlab-ci/gitlab-ci.yml
rm checkout/plan.md
job "$(yaml_at "$lab" plan script)"
is $? 0 "gitlab: a plan"
[ -s checkout/plan.md ]
ok $? "gitlab: which is kept"
sed -i 's/CN=site/O=Shop,CN=site/' checkout/certfleet.yaml
job "$(yaml_at "$lab" apply script)"
is $? 0 "gitlab: an apply"
has "$(openssl x509 -in tls/web/leaf.pem -noout -subject)" "Shop" "gitlab: of what was merged"
job "$(yaml_at "$lab" apply after_script)"
is $? 0 "gitlab: all is well"

# ---- the timer's own command ----
job "certfleet $night"
is $? 0 "systemd: the nightly apply"

# ---- pre-commit ----
hook=$(yaml_at "$examples/pre-commit/pre-commit-config.yaml" repos 0 hooks 0 entry)
job "$hook certfleet.yaml"
is $? 0 "pre-commit: a valid file may be committed"
cp checkout/certfleet.yaml run/good.yaml
sed -i 's/subject/subjekt/' checkout/certfleet.yaml
job "$hook certfleet.yaml"
is $? 65 "pre-commit: one with a mistake may not"
cp run/good.yaml checkout/certfleet.yaml

# ---- Kubernetes ----
cron=$examples/kubernetes/cronjob.yaml
if "$python" -c 'import kubernetes' 2>run/none; then
	is "$("$python" - "$cron" <<-'END'
	import json, sys, yaml, kubernetes.client as k
	class Reply: pass
	def lost(a, b, at):
	    if isinstance(a, dict):
	        return [x for key in a for x in (lost(a[key], b[key], at + "/" + key) if key in (b or {}) else [at + "/" + key])]
	    if isinstance(a, list):
	        return [x for i, y in enumerate(a) for x in lost(y, b[i], "%s/%d" % (at, i))]
	    return [] if a == b else [at]
	for document in yaml.safe_load_all(open(sys.argv[1])):
	    reply = Reply()
	    reply.data = json.dumps(document)
	    client = k.ApiClient()
	    model = client.deserialize(reply, "V1" + document["kind"])
	    print("\n".join(lost(document, client.sanitize_for_serialization(model), document["kind"])), end="")
	END
	)" "" "kubernetes: the model of each object knows every key"
else
	echo "# no python3-kubernetes here"
fi
is "$("$python" -c 'import sys, yaml
job = list(yaml.safe_load_all(open(sys.argv[1])))[1]["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]
print(*job["args"][2:])' "$cron")" "$night" "kubernetes: runs what the timer runs"

# ---- Ansible ----
if command -v ansible-playbook >run/none; then
	free_port agent
	mkdir -p host/tls access
	cat >certfleet.yaml <<-END
	certfleet: 1
	fleet: agents
	backup: {directory: backups, passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}}
	access: {agent: {certificate: access/ops.pem, key: access/ops.key, ca: access/agents-ca.pem}}
	issuers:
	  agents-ca: {subject: "CN=Agents CA", use: agents, publish: access/agents-ca.pem}
	  operators-ca: {subject: "CN=Operators CA", use: operators}
	certificates:
	  ops: {subject: "CN=ops", names: [], issuer: operators-ca, purpose: [client], key_rotation: reuse}
	components:
	  operator: {certificate: ops, deliver: {files: {certificate: access/ops.pem, key: access/ops.key}}}
	END
	cf apply --yes
	is $status 0 "ansible: a fleet with an issuer of agents"
	cat >host/agent.yaml <<-END
	certfleet-agent: 1
	listen: 127.0.0.1:$agent
	tls: {certificate: tls/agent.pem, key: tls/agent.key, client_ca: operators-ca.pem, allow_file: operators.allow}
	state: state
	components:
	  own: {install: {certificate: tls/agent.pem, key: tls/agent.key}}
	END
	printf '[certfleet_agents]\n127.0.0.1 ansible_python_interpreter=%s\n' "$python" >run/hosts
	enrols() {
		PATH=$work/bin:$PATH HOME=$work/run ANSIBLE_ASYNC_DIR=$work/run/async timeout 300 ansible-playbook -i run/hosts -c local \
			-e ansible_become=false -e "certfleet_port=$agent" -e "certfleet_configuration=$work/host/agent.yaml" \
			-e "{certfleet_at: {host: 127.0.0.1, directory: $work}}" "$examples/ansible/agents.yaml" "$@" \
			>run/playbook 2>&1 </dev/null
	}
	enrols --syntax-check
	is $? 0 "ansible: the playbook is one"
	enrols --tags enrol
	is $? 0 "ansible: an agent is enrolled"
	cp run/playbook run/first
	has "$(openssl x509 -in host/tls/agent.pem -noout -ext subjectAltName)" "127.0.0.1" "ansible: for its host"
	hasnt "$(cat run/first)" "^token\|cfi[0-9a-z]*-" "ansible: its token is not told"
	before=$(sha256sum host/tls/agent.pem)
	enrols --tags enrol
	is "$?$(grep -c 'changed=0' run/playbook)" 01 "ansible: once is enough"
	is "$(sha256sum host/tls/agent.pem)" "$before" "ansible: and its pair stays"
else
	echo "# no ansible-playbook here"
fi
finish
