#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Servers for copies that go wrong, by the first part of the path.

copy_faults.py PORT LOG: plain HTTP on loopback
"""
import http.server
import sys
import threading

port, log = sys.argv[1:]
kept = {}


class Faulty(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, status, body=b"", length=None, headers=()):
        with open(log, "a") as out:
            print(self.command, self.path, status, file=out)
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def do_PROPFIND(self):
        kind = self.path.split("/")[1]
        if kind == "redirected":
            return self.answer(302, headers=[("Location", "http://127.0.0.1:1/")])
        if kind == "forbidden":
            return self.answer(403)
        return self.answer(405)

    def do_GET(self):
        kind = self.path.split("/")[1]
        if self.path not in kept:
            return self.answer(404)
        body = kept[self.path]
        if kind == "endless":
            self.send_response(200)
            self.send_header("Connection", "close")
            self.end_headers()
            try:
                while True:
                    self.wfile.write(b"x" * 65536)
            except OSError:
                self.close_connection = True
            return None
        if kind == "cut":
            self.close_connection = True
            return self.answer(200, body[: len(body) // 2], len(body))
        if kind == "short":
            return self.answer(200, body[:-1])
        if kind == "gone":
            return self.answer(404)
        return self.answer(200, body)

    def do_PUT(self):
        kind = self.path.split("/")[1]
        length = int(self.headers.get("Content-Length", 0))
        if kind == "dies":
            self.rfile.read(length // 2)
            self.close_connection = True
            return None
        body = self.rfile.read(length)
        if kind == "silent":
            with open(log, "a") as out:
                print("PUT waits", file=out)
            threading.Event().wait()
        if kind == "full":
            return self.answer(507)
        if kind == "nowhere":
            return self.answer(409)
        if kind == "moved":
            return self.answer(301, headers=[("Location", "http://127.0.0.1:1/")])
        kept[self.path] = body
        return self.answer(201)


http.server.ThreadingHTTPServer.daemon_threads = True
http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Faulty).serve_forever()
