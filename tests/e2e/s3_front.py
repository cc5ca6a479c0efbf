#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A TLS front of an S3 server that checks Signature Version 4 by itself.

s3_front.py PORT BACKEND CERTIFICATE KEY KEY-ID SECRET REGION LOG

s3rver takes a GET with any secret, so its word proves no signature.  Written
after "Authenticating Requests (AWS Signature Version 4)" of AWS.
"""
import hashlib
import hmac
import http.client
import http.server
import re
import ssl
import sys
import urllib.parse

port, backend, certificate, key, key_id, secret, region, log = sys.argv[1:]


def mac(k, text):
    return hmac.new(k, text.encode(), hashlib.sha256).digest()


def expected(method, target, headers, names, when, payload):
    path, _, query = target.partition("?")
    pairs = sorted(p.partition("=")[::2] for p in query.split("&") if p)
    canonical = "\n".join(
        [
            method,
            urllib.parse.quote(urllib.parse.unquote(path), safe="/-_.~"),
            "&".join(
                urllib.parse.quote(urllib.parse.unquote(a), safe="-_.~")
                + "="
                + urllib.parse.quote(urllib.parse.unquote(b), safe="-_.~")
                for a, b in pairs
            ),
            *(n + ":" + re.sub(" +", " ", (headers[n] or "").strip()) for n in names),
            "",
            ";".join(names),
            payload,
        ]
    )
    scope = "/".join([when[:8], region, "s3", "aws4_request"])
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    signed = "\n".join(["AWS4-HMAC-SHA256", when, scope, digest])
    k = mac(("AWS4" + secret).encode(), when[:8])
    for part in [region, "s3", "aws4_request"]:
        k = mac(k, part)
    return hmac.new(k, signed.encode(), hashlib.sha256).hexdigest(), scope


class Front(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def refusal(self, body):
        """The code of what is wrong with the signature; None: nothing."""
        found = re.match(
            r"AWS4-HMAC-SHA256 Credential=([^/]+)/([^,]+), ?"
            r"SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$",
            self.headers.get("Authorization", ""),
        )
        if not found:
            return "AccessDenied"
        payload = self.headers.get("x-amz-content-sha256", "")
        if payload != hashlib.sha256(body).hexdigest():
            return "XAmzContentSHA256Mismatch"
        names = found[3].split(";")
        if names != sorted(names) or "host" not in names:
            return "AccessDenied"
        for name in self.headers:
            if name.lower().startswith("x-amz-") and name.lower() not in names:
                return "AccessDenied"
        signature, scope = expected(
            self.command, self.path, self.headers, names,
            self.headers["x-amz-date"], payload,
        )
        if found[1] != key_id:
            return "InvalidAccessKeyId"
        if found[2] != scope:
            return "AuthorizationHeaderMalformed"
        return None if signature == found[4] else "SignatureDoesNotMatch"

    def answer(self, status, headers, body):
        with open(log, "a") as out:
            print(self.command, self.path, status, file=out)
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in ("connection", "transfer-encoding", "content-length", "date"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def forward(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        refusal = self.refusal(body)
        if refusal:
            document = f"<?xml version='1.0'?><Error><Code>{refusal}</Code></Error>"
            return self.answer(403, [], document.encode())
        behind = http.client.HTTPConnection("127.0.0.1", int(backend))
        behind.request(self.command, self.path, body or None, dict(self.headers))
        reply = behind.getresponse()
        return self.answer(reply.status, reply.getheaders(), reply.read())

    do_GET = do_PUT = do_HEAD = forward


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
server = http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Front)
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
