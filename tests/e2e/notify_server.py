# SPDX-License-Identifier: Apache-2.0
"""An HTTPS endpoint for notifications: PORT CERTIFICATE KEY DIRECTORY.

Each request is a line of JSON in DIRECTORY/requests; the first part of the path
says what is answered: ok, 500, redirect, hang, echo (500 with all it was sent).
"""
import http.server
import json
import ssl
import sys
import threading
import time

port, certificate, key, directory = sys.argv[1:]
lock = threading.Lock()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        with lock, open(directory + "/requests", "a") as log:
            print(json.dumps({"path": self.path, "headers": dict(self.headers), "body": body}),
                  file=log)
        kind = self.path.split("/")[1]
        if kind == "hang":
            time.sleep(600)
        reply = b""
        if kind == "echo":
            reply = ("you sent %s %s" % (self.path, self.headers.get("X-Token"))).encode()
        self.send_response({"500": 500, "echo": 500, "redirect": 302}.get(kind, 200))
        if kind == "redirect":
            self.send_header("Location", "/ok/elsewhere")
        self.send_header("Content-Length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
