# SPDX-License-Identifier: Apache-2.0
"""A device with an API, for tests: device.py API_PORT PORT [PORT2]

Over https (tls/api.crt, tls/api.key) and basic auth (run/login) it takes a
PKCS#12 (password in secrets/p12), which POST /stage puts aside, /commit
installs and /apply takes into use on PORT; or, at /simple, a pair as JSON
that PORT2 serves at once.  It answers mistakes as badly as it can: with all
it was sent.  run/device.log has a line for each request; a file run/fail,
"METHOD PATH STATUS", spoils one request once.
"""
import base64, hashlib, http.server, json, os, socketserver, ssl, subprocess, sys, threading

def pem_of(text, label):
    begin, end = text.find(f"-----BEGIN {label}"), text.find(f"-----END {label}")
    return text[begin:text.index("\n", end) + 1] if begin >= 0 else ""

def sha256(pem):
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem_of(pem, "CERTIFICATE"))).hexdigest()

class Port:
    """A TLS port that serves one pair, or nothing yet."""
    def __init__(self, name, port):
        self.name, self.context, self.installed, self.staged = name, None, None, None
        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", port), self.handler(), bind_and_activate=False)
        self.server.allow_reuse_address = self.server.daemon_threads = True
        self.server.request_queue_size = 128
        self.server.server_bind()
        self.server.server_activate()
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def handler(self):
        owner = self
        class Talk(socketserver.BaseRequestHandler):
            def handle(self):
                self.request.settimeout(60)
                try:
                    if owner.context:
                        owner.context.wrap_socket(self.request, server_side=True).recv(1)
                except OSError:
                    pass
        return Talk

    def use(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        path = f"run/{self.name}.inside"
        with open(path, "w", opener=lambda p, f: os.open(p, f, 0o600)) as f:
            f.write(self.installed["pem"] + self.installed["key"])
        context.load_cert_chain(path)
        os.unlink(path)
        self.context = context

def from_pkcs12(data):
    done = subprocess.run(["openssl", "pkcs12", "-nodes", "-passin", "file:secrets/p12"],
                          input=base64.b64decode(data), capture_output=True)
    if done.returncode:
        raise ValueError("no such container")
    text = done.stdout.decode()
    certs = [c[:c.index("-----END CERTIFICATE-----")] for c in text.split("-----BEGIN CERTIFICATE-----")[1:]]
    pem = "".join(f"-----BEGIN CERTIFICATE-----{c}-----END CERTIFICATE-----\n" for c in certs)
    return {"pem": pem, "key": pem_of(text, "PRIVATE KEY")}

class Api(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, status, document=None, **headers):
        body = json.dumps(document).encode() if document is not None else b""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def badly(self, status, body):
        self.answer(status, {"error": "no", "you": dict(self.headers), "sent": body})

    def spoiled(self, body):
        if not os.path.exists("run/fail"):
            return False
        method, path, status = open("run/fail").read().split()
        if (method, path) != (self.command, self.path):
            return False
        os.unlink("run/fail")
        if status == "302":
            self.answer(302, Location=open("run/elsewhere").read().strip())
        else:
            self.badly(int(status), body)
        return True

    def tell(self, port):
        if not port.installed:
            return self.answer(404, {"error": "no certificate", "version": "7.2"})
        hexa = sha256(port.installed["pem"]).upper()
        colons = ":".join(hexa[i:i + 2] for i in range(0, 64, 2))
        self.answer(200, {"certs": [{"sha256/hex": colons, "pem": port.installed["pem"]}], "version": "7.2"})

    def handle_any(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        with open("run/device.log", "a") as log:
            print(self.command, self.path, self.headers.get("X-Trace", "-"), file=log)
        login = "Basic " + base64.b64encode(open("run/login").read().strip().encode()).decode()
        if self.headers.get("Authorization") != login:
            return self.badly(401, body)
        if self.spoiled(body):
            return
        try:
            self.route(self.command + " " + self.path, body)
        except (ValueError, KeyError, ssl.SSLError):
            self.badly(422, body)

    do_GET = do_POST = do_PUT = do_DELETE = handle_any

    def route(self, what, body):
        p12, simple = ports[0], ports[-1]
        if what == "GET /cert":
            return self.tell(p12)
        if what == "GET /simple":
            return self.tell(simple)
        if what == "POST /stage":
            p12.staged = from_pkcs12(json.loads(body)["p12"])
        elif what.startswith("POST /commit/"):
            if not p12.staged or sha256(p12.staged["pem"]) != what.rsplit("/", 1)[1]:
                return self.badly(409, body)
            p12.installed, p12.staged = p12.staged, None
        elif what == "POST /apply":
            p12.use()
        elif what == "DELETE /stage":
            p12.staged = None
        elif what == "DELETE /cert":
            p12.installed = None
        elif what == "PUT /simple":
            simple.installed = json.loads(body)
            simple.use()
        else:
            return self.badly(405, body)
        self.answer(204)

ports = [Port(f"port{i}", int(port)) for i, port in enumerate(sys.argv[2:])]
server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Api)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("tls/api.crt", "tls/api.key")
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
