# SPDX-License-Identifier: Apache-2.0
"""The REST interfaces of the Server: legacy XML below /rest/management, JSON below /api/vN.

VERIFIED where no other label stands: paths, methods, elements, the refusals by 401, 403 and 404, and that 200 may hold
a failure.  Words of messages are this file's own but for "Permission denied:".
"""
import base64, http.server, io, re, time, urllib.parse, zipfile
from xml.sax.saxutils import escape, quoteattr
from reply import MUTE, Reply, failure, outcome, xml
from traps import TRAPS

# UNKNOWN: the last two parts of 6.2, 7.0 and 7.2.  INFERRED: later Servers keep the former generations.
VERSIONS = {
    "6.2": ("6.2.5.1049", ["legacy"]), "6.3": ("6.3.10.1010", ["legacy"]),
    "7.0": ("7.0.0.2469", ["legacy", "v2"]), "7.2": ("7.2.0.1697", ["legacy", "v2", "v3", "v4"]),
}
SERVICES = "Web Service Interface Access"
STOP_DELAY = 0.05  # seconds from the answer to the end of the Server


def version(rest):
    return xml(200, f'<result value="{VERSIONS[rest.world.options["version"]][0]}"/>')


def information(rest, collector):
    """A collectorinformation; VERIFIED: 6.2 has neither version nor local, and every field but two may be missing."""
    options = rest.world.options
    fields = {
        "name": collector.name, "host": collector.host, "connected": collector.connected,
        "embedded": collector.embedded, "version": collector.version or VERSIONS[options["version"]][0],
        "local": collector.local,
    }
    omitted = collector.omit + (["version", "local"] if options["version"] == "6.2" else [])
    href = f"https://{options['host']}:{options['ports']['web']}/rest/management/collectors/{collector.escaped_id}"
    href = "" if "href" in omitted else f" href={quoteattr(href)}"
    inner = "".join(f"<{k}>{escape(str(v).lower() if isinstance(v, bool) else v)}</{k}>"
                    for k, v in fields.items() if k not in omitted)
    return f"<collectorinformation{href}>{inner}</collectorinformation>"


def collectors(rest):
    href = f"https://{rest.world.options['host']}:{rest.world.options['ports']['web']}/rest/management/collectors"
    return xml(200, f"<collectors href={quoteattr(href)}>" +
               "".join(information(rest, c) for c in rest.world.collectors.listing()) + "</collectors>")


def collector_order(rest, wanted, verb):
    """UNKNOWN what is said of one that is not connected; INFERRED: no order reaches it, but "unreachable" decides."""
    found, way = rest.world.collectors.named(wanted), rest.world.options["unreachable"]
    if found and found.inside:  # INFERRED: it lives in the Server, so its restart is the Server's
        return server_order(rest, "legacy", verb)
    if not found or (not found.connected and way == "404"):
        return failure("legacy", 404, f"No collector '{wanted}' found")
    if not found.connected and way == "false":
        return outcome("legacy", False)
    return outcome("legacy", True, found.restart if verb == "restart" else found.stop)


def server_order(rest, api, verb):
    server = rest.world.tiers["server"]
    act = server.restart if verb == "restart" else server.stop
    return outcome(api, True, lambda: rest.world.after(STOP_DELAY, act))


def agents(rest):
    made = []
    for collector in rest.world.collectors.listing():
        for i in range(collector.agents if collector.connected else 0):
            made.append(
                f"<agentinformation><name>agent{i}</name><host>{escape(collector.host)}</host>"
                f"<agentId>{len(made)}</agentId><connected>true</connected><technologyType>Java</technologyType>"
                f"<collectorName>{escape(collector.name)}</collectorName>{information(rest, collector)}"
                f"</agentinformation>")
    return xml(200, f"<agents>{''.join(made)}</agents>")


def archive(rest):
    """The support archive.  INFERRED: the configuration in it is complete, the disconnected are left out, the start is
    in milliseconds.  UNKNOWN: the name of the segment between host and process number."""
    query = urllib.parse.parse_qs(rest.query)
    wanted = ",".join(query.get("include", [""])).split(",")
    version_text, ports = VERSIONS[rest.world.options["version"]][0], rest.world.options["ports"]
    files = {}
    for c in rest.world.collectors.all:
        if c.connected and not c.inside:
            place = f"Collector/{c.host}/collector/{c.pid}"
            files[f"{place}/component.properties", "componentproperties"] = \
                f"#component properties\neclipse.startTime={c.started}\nhost.name={c.host}\n"
            files[f"{place}/conf/collector.config.xml", "configfiles"] = \
                f"<dynatrace version={quoteattr(version_text)}><collectorconfig name={quoteattr(c.name)}/></dynatrace>"
    files[f"Server/{rest.world.options['host']}/server/1/conf/server.config.xml", "configfiles"] = (
        f'<dynatrace version={quoteattr(version_text)}><serverconfig>'
        f'<collector collectorsslport="{ports.get("collector")}" requiressl="{str("plain" not in ports).lower()}"/>'
        f'<client clientsslport="{ports.get("client")}"/><frontend frontendsslport="{ports.get("frontend")}"/>'
        f'<http httpsport="{ports.get("web")}"/><webui webuihttpsport="{ports.get("webui")}"/>'
        f'<oopanalyzerconfig port="{ports.get("mas")}"/></serverconfig></dynatrace>')
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as out:
        for (name, kind), text in files.items():
            if "all" not in query.get("exclude", []) or kind in wanted:
                out.writestr(name, text)
    return Reply(200, "application/zip", made.getvalue())


# method, path, permission, function; a group of the path is one of its arguments
ROUTES = [
    ("GET", r"/rest/management/version", None, version),
    ("GET", r"/rest/management/collectors", None, collectors),
    ("POST", r"/rest/management/collector/([^/]+)/(restart|shutdown)", "Shutdown or Restart Collector",
     collector_order),
    ("GET", r"/rest/management/agents", None, agents),
    ("GET", r"/rest/management/sysinfo/package", None, archive),  # UNKNOWN its permission
    ("POST", r"/rest/management/server/(restart|shutdown)", "Shutdown or Restart",
     lambda rest, verb: server_order(rest, "legacy", verb)),
    ("POST", r"/api/(v[234])/server/(restart|shutdown)", "Shutdown or Restart", server_order),
]


class Rest(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    world = None  # set once, by server.py

    def log_message(self, *args):
        pass

    def any_method(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path, _, self.query = self.path.partition("?")
        request = f"{self.command} {path}"
        with self.world.lock:
            self.world.counts[request] += 1
            reply = self.early() or self.reply(request, path)
            self.world.event("request", request, {None: str(reply.status), MUTE: "mute"}.get(reply.cut, "lost"))
        self.send(reply)

    do_GET = do_POST = do_PUT = do_DELETE = any_method

    def early(self):
        """What there is too early after a boot.  VERIFIED: REST may time out although the port is open."""
        world = self.world
        world.answered += 1
        if time.monotonic() < world.booted + world.options["silent"]:
            return Reply(0, "", b"", cut=MUTE)
        flaps = world.answered % 2 == 0 and world.answered <= 2 * world.options["flaps"]
        return Reply(0, "", b"", cut=0) if flaps else None

    def reply(self, request, path):
        api = next(iter(re.findall(r"^/api/(v\d)/", path)), "legacy")
        refused = self.refused(api, SERVICES, 401)
        if refused:
            return refused
        reply = self.routed(api, path)
        rule = self.world.spoiled(request)
        return TRAPS[rule["as"]](self, reply, api) if rule else reply

    def routed(self, api, path):
        apis = VERSIONS[self.world.options["version"]][1]
        for method, pattern, permission, function in ROUTES:
            match = re.fullmatch(pattern, path)
            if match and method == self.command and api in apis:
                refused = permission and self.refused(api, permission, 403)
                return refused or function(self, *[urllib.parse.unquote(group) for group in match.groups()])
        return failure(api, 404, "no such resource")

    def refused(self, api, permission, status):
        """VERIFIED: 401 also for want of the permission for web services, 403 with its name for any other."""
        try:
            scheme, _, code = self.headers.get("Authorization", "").partition(" ")
            name, _, password = base64.b64decode(code).decode().partition(":")
        except ValueError:
            scheme = name = password = ""
        user = self.world.options["users"].get(name)
        if scheme != "Basic" or not user or user["password"] != password:
            permission, status = "no valid authentication", 401
        elif permission not in user.get("without", []):
            return None
        reply = failure(api, status, f"Permission denied: {permission};" if status == 403 else permission)
        if status == 401:
            reply.headers["WWW-Authenticate"] = 'Basic realm="dynaTrace"'
        return reply

    def send(self, reply):
        self.close_connection = self.close_connection or reply.cut is not None
        try:
            if reply.cut == MUTE:
                self.rfile.read(1)
            elif reply.cut != 0:
                self.send_response(reply.status)
                fixed = {"Content-Type": reply.kind, "Content-Length": str(len(reply.body))}
                for name, value in {**fixed, **reply.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(reply.body[:reply.cut])
        finally:
            if reply.act:
                with self.world.lock:
                    reply.act()
