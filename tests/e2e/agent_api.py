# SPDX-License-Identifier: Apache-2.0
"""schemas/agent-api.yaml against the source and a running agent:
agent_api.py ROOT PORT"""
import json
import re
import sys

import jsonschema
import yaml

from agent_client import Connection, Pair, Tap, order

root, port = sys.argv[1], int(sys.argv[2])
tap = Tap()
api = yaml.safe_load(open(f"{root}/schemas/agent-api.yaml"))

# ---- the document ----
tap.equal(api["openapi"], "3.1.0", "it is OpenAPI 3.1")


def refs(node):
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from refs(value)
    elif isinstance(node, list):
        for value in node:
            yield from refs(value)


def find(ref):
    node = api
    for key in ref.removeprefix("#/").split("/"):
        node = node[key]
    return node


broken = []
for ref in refs(api):
    try:
        find(ref)
    except KeyError:
        broken.append(ref)
tap.equal(broken, [], "every reference in it leads somewhere")
for name, schema in api["components"]["schemas"].items():
    jsonschema.Draft202012Validator.check_schema(schema)
tap.ok(True, "its schemas are JSON Schema")

# ---- the source ----
source = open(f"{root}/src/wire/route.c").read()
routes = {(method.lower(), path + "{name}" if path.endswith("/") else path)
          for method, path in re.findall(r'\[ROUTE_\w+\] = \{ "(\w+)", "([^"]+)"', source)}
tap.equal({(method, path) for path, item in api["paths"].items()
           for method in item if method in ("get", "put", "post", "delete", "patch")},
          routes, f"it names exactly the {len(routes)} routes of the source")
problems = set(re.findall(r'\[PROBLEM_\w+\]\s*=\s*\{\s*"([a-z-]+)"', open(f"{root}/src/wire/problem.c").read()))
tap.equal({t.rpartition(":")[2] for t in api["components"]["schemas"]["Problem"]["properties"]["type"]["enum"]},
          problems, f"and its {len(problems)} problems")


def members(path, table):
    """The keys of a table of members, and those that are always there."""
    rows = re.search(r"struct member " + table + r"\[\] = \{(.*?)\{ 0 \}", open(f"{root}/{path}").read(), re.S).group(1)
    absent = dict(re.findall(r'_MEMBER\("(\w+)"(?:[^"]*?(ABSENT_\w+))?', rows))
    return set(absent), {key for key, how in absent.items() if how not in ("ABSENT_OMITTED", "ABSENT_LATER")}


for name, path, table in (("Order", "src/wire/order.c", "order_members"),
                          ("Component", "src/wire/report.c", "report_members")):
    every, needed = members(path, table)
    tap.equal(set(api["components"]["schemas"][name]["properties"]), every, f"and the members of {name}")
    tap.equal(set(api["components"]["schemas"][name]["required"]), needed, "with those that are needed")

# ---- real answers ----


def fits(schema, document):
    whole = {"$ref": f"#/components/{schema}", "components": api["components"]}
    try:
        jsonschema.Draft202012Validator(whole).validate(document)
        return True
    except jsonschema.ValidationError as why:
        print("#", why.message)
        return False


def answer_of(method, path, status):
    """The schema of an answer that the document gives this request."""
    template = re.sub(r"^(/v1/[a-z]+)/.*", r"\1/{name}", path)
    responses = api["paths"][template][method.lower()]["responses"]
    response = responses.get(str(status), responses.get("default"))
    response = find(response["$ref"]) if "$ref" in response else response
    (kind, content), = response["content"].items()
    return kind, content["schema"]


def conforms(got, method, path, text):
    kind, schema = answer_of(method, path, got.status)
    whole = dict(schema, components=api["components"])
    try:
        jsonschema.Draft202012Validator(whole).validate(got.json())
        good = got.headers["content-type"] == kind
        if got.status >= 400:
            good &= got.json()["status"] == got.status
    except jsonschema.ValidationError as why:
        print("#", why.message)
        good = False
    tap.ok(good, f"{text}: {got.status} is as it says")


c = Connection(port)
conforms(c.ask("GET", "/healthz"), "GET", "/healthz", "health")
conforms(c.ask("GET", "/v1/components"), "GET", "/v1/components", "all components")
conforms(c.ask("GET", "/v1/component/web"), "GET", "/v1/component/web", "a component")
conforms(c.ask("GET", "/v1/component/none"), "GET", "/v1/component/none", "a component that is none")
one, two = Pair("run/one.pem", "run/one.key"), Pair("run/two.pem", "run/two.key")
agent = c.ask("GET", "/v1/component/web").json()["agent"]["spki"]


def give(action, pair, /, component="web", expected=200, **more):
    method, path = ("PUT", "staged") if action == "stage" else ("POST", action)
    body = order(agent, action, component, pair, **more)
    name = "Stage" if action == "stage" else "Order"
    request = api["components"]["requestBodies"][name]["content"]["application/json"]["schema"]
    sent = json.loads(body)
    whole = dict(request, components=api["components"])
    jsonschema.Draft202012Validator(whole).validate(sent)
    if not more.get("fingerprint"):
        assert fits("schemas/Order", json.loads(sent["order"]))
    got = c.ask(method, f"/v1/{path}/{component}", body)
    tap.equal(got.status, expected, f"{action} of {component} {more or ''}")
    conforms(got, method, f"/v1/{path}/{component}", action)


give("stage", one)
give("commit", one, replaces="")
give("activate", one)
give("stage", two, sequence=2)
give("commit", two, sequence=2, replaces=two.digest, expected=412)
give("commit", two, sequence=2, replaces=one.fingerprint)
give("activate", two, sequence=2)
give("commit", one, sequence=1, expected=409)
give("commit", two, sequence=9, lineage="another", expected=409)
give("revert", one, sequence=3, replaces=two.fingerprint)
give("abort", two, sequence=4)
give("stage", two, sequence=4, expected=409)
give("stage", one, sequence=5, pair=two.digest, expected=422)
give("commit", one, sequence=6, expires=1, expected=403)
give("commit", one, sequence=6, agent="0" * 64, expected=403)
give("commit", one, sequence=6, self=True, expected=409)
give("commit", one, sequence=6, action="revert", expected=400)
give("stage", one, component="breaks")
give("commit", one, component="breaks")
give("activate", one, component="breaks", expected=502)
give("stage", one, component="denied", expected=500)
conforms(c.ask("GET", "/v1/component/web"), "GET", "/v1/component/web", "a component that was told something")
conforms(c.ask("GET", "/v1/component/breaks"), "GET", "/v1/component/breaks", "one whose process prints noise")
