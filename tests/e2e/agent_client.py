# SPDX-License-Identifier: Apache-2.0
"""What the tests say to an agent: raw requests, and signed orders.

The folder access/ has the operator's certificate as agent_lib.sh made it.
"""
import hashlib
import base64
import json
import re
import socket
import ssl
import subprocess
import time

PURPOSE = b"certfleet-order-1\n"


def context(name="ops", version=ssl.TLSVersion.TLSv1_3):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.load_verify_locations("access/agents.pem")
    if name:
        made.load_cert_chain(f"access/{name}.pem", f"access/{name}.key")
    made.minimum_version = version
    made.maximum_version = version
    return made


OPERATOR = None


def connect(port, address="127.0.0.1", source=None, name="ops", timeout=60):
    global OPERATOR
    if name == "ops":
        OPERATOR = OPERATOR or context()
    plain = socket.create_connection(
        (address, port), timeout, (source, 0) if source else None)
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return (OPERATOR if name == "ops" else context(name)).wrap_socket(plain)


class Answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    def json(self):
        return json.loads(self.body)

    def problem(self):
        return self.json()["type"].rpartition(":")[2]


class Connection:
    """One connection, whose answers are read one after the other."""

    def __init__(self, port, **how):
        self.sock = connect(port, **how)
        self.rest = b""

    def send(self, data):
        self.sock.sendall(data)
        return self

    def _more(self):
        piece = self.sock.recv(65536)
        if not piece:
            raise EOFError("closed")
        self.rest += piece

    def read(self, body=True):
        """The next answer; EOFError when there is none."""
        while b"\r\n\r\n" not in self.rest:
            self._more()
        head, _, self.rest = self.rest.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        status = int(lines[0].split(" ")[1])
        headers = {}
        for line in lines[1:]:
            key, _, value = line.partition(":")
            assert key.lower() not in headers, f"twice: {line}"
            headers[key.lower()] = value.strip()
        length = int(headers.get("content-length", 0)) if body and status != 100 else 0
        while len(self.rest) < length:
            self._more()
        text, self.rest = self.rest[:length], self.rest[length:]
        return Answer(status, headers, text)

    def ask(self, method, path, body=None, extra=""):
        length = f"Content-Length: {len(body)}\r\n" if body is not None else ""
        self.send(f"{method} {path} HTTP/1.1\r\nHost: a\r\n{length}{extra}\r\n".encode() + (body or b""))
        return self.read(method != "HEAD")

    def is_closed(self, within=60):
        """Whether nothing more comes than an end."""
        self.sock.settimeout(within)
        try:
            return self.sock.recv(1) == b""
        except (ConnectionError, ssl.SSLError):
            return True
        except TimeoutError:
            return False

    def close(self):
        self.sock.close()


# ---- orders ----

def der_of(path):
    text = open(path).read()
    return [base64.b64decode(block) for block in re.findall(
        "-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", text, re.S)]


def key_der(path):
    return subprocess.run(["openssl", "pkcs8", "-topk8", "-nocrypt", "-in", path, "-outform", "DER"],
                          check=True, stdout=subprocess.PIPE).stdout


def fingerprint(path):
    return hashlib.sha256(der_of(path)[0]).hexdigest()


def pair_digest(certs, anchor, key):
    pieces = certs + [anchor, key]
    numbers = [len(certs)] + [len(p) for p in pieces]
    return hashlib.sha256(b"".join(n.to_bytes(8, "big") for n in numbers) + b"".join(pieces)).hexdigest()


class Pair:
    def __init__(self, cert, key):
        self.certs = der_of(cert)
        self.key = key_der(key)
        self.fingerprint = fingerprint(cert)
        self.digest = pair_digest(self.certs, b"", self.key)

    def json(self):
        return {"certificates": [base64.b64encode(c).decode() for c in self.certs],
                "anchor": None, "key": base64.b64encode(self.key).decode()}


def order(agent, action, component, pair, /, **more):
    """The body of a request, signed by the operator."""
    what = {"v": 1, "action": action, "agent": agent, "component": component,
            "lineage": "0123456789abcdef", "sequence": 1, "fingerprint": pair.fingerprint,
            "pair": pair.digest if action == "stage" else "", "replaces": None,
            "rollback": False, "adopt": False, "self": False, "expires": int(time.time()) + 300}
    what.update(more)
    text = json.dumps(what, sort_keys=True, separators=(",", ":"))
    signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", "access/ops.key"],
                               input=PURPOSE + text.encode(), check=True, stdout=subprocess.PIPE).stdout
    body = {"order": text, "signature": base64.b64encode(signature).decode(),
            "signer": [base64.b64encode(c).decode() for c in der_of("access/ops.pem")]}
    if action == "stage":
        body["pair"] = pair.json()
    return json.dumps(body).encode()


# ---- TAP ----

class Tap:
    def __init__(self):
        self.count = 0
        self.failed = 0

    def ok(self, good, text):
        self.count += 1
        self.failed += not good
        print(f"{'ok' if good else 'not ok'} - {text}", flush=True)

    def skip(self, text, why):
        self.count += 1
        print(f"ok - {text} # SKIP {why}", flush=True)

    def equal(self, got, expected, text):
        self.ok(got == expected, text)
        if got != expected:
            print(f"# got:      {got!r}\n# expected: {expected!r}", flush=True)
