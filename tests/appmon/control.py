# SPDX-License-Identifier: Apache-2.0
"""How a test looks at the stand-in and changes it: HTTP on a Unix socket, described in server.py."""
import http.server, json, os, socketserver

COLLECTOR = ("running", "connected", "listed", "starts", "started")  # of /state


class Control(http.server.BaseHTTPRequestHandler):
    world = None  # set once, by server.py

    def log_message(self, *args):
        pass

    def answer(self, status, value):
        body = json.dumps(value, indent=1).encode() + b"\n"
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        what = {"/events": lambda: self.world.events, "/counts": lambda: self.world.counts, "/state": self.state}
        with self.world.lock:
            if self.path in what:
                self.answer(200, what[self.path]())
            else:
                self.answer(404, f"not one of {', '.join(what)}")

    def state(self):
        return {
            "tiers": {t.name: {"running": t.running, "open": sorted(t.ports), "starts": t.starts,
                               "pairs": {n: p.leaf for n, p in t.pairs.items()}} for t in self.world.tiers.values()},
            "collectors": {c.id: {key: getattr(c, key) for key in COLLECTOR} for c in self.world.collectors.all},
        }

    def do_POST(self):
        try:
            order = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
            with self.world.lock:
                self.carry_out(order)
        except (ValueError, KeyError, AttributeError, TypeError) as error:
            return self.answer(400, f"{type(error).__name__}: {error}")
        self.answer(200, "done")

    def carry_out(self, order):
        if "tier" in order:
            tier = self.world.tiers[order["tier"]]
            if "keys" in order.get("clear", []):
                tier.clear_keys()
            {"start": tier.start, "stop": tier.stop, "restart": tier.restart}[order["do"]]()
        elif "collector" in order:
            collector, clear = self.world.collectors.by_id(order["collector"]), order.get("clear", [])
            collector.change(order.get("set", {}))
            if "do" in order:
                {"start": lambda: collector.start(clear), "stop": collector.stop,
                 "restart": lambda: collector.restart(clear), "flap": lambda: self.flap(collector)}[order["do"]]()
        else:
            self.world.change(order["set"])

    def flap(self, collector):
        """The connection is lost and comes back: no restart."""
        collector.disconnect()
        self.world.after(self.world.options["reconnect"], collector.try_connect)


class ControlServer(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, path):
        if os.path.exists(path):
            os.unlink(path)
        super().__init__(path, Control)
