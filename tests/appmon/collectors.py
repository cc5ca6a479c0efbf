# SPDX-License-Identifier: Apache-2.0
"""Collectors as they behave towards the Server.

They make no connections: each compares what it trusts with the pair that the Server loaded at its start, at the times
at which it would connect.

VERIFIED: trust on first use; with a stored certificate any other is refused and the warning names the alias; one that
expired is not accepted newly, one that was accepted before still is (the latter INFERRED); -Dclearcerts drops what is
stored, -Dclearkeys the collector's own pair.
INFERRED: a collector also trusts the certificate of its own delivered pair, since the wizard gives all tiers the same.
UNKNOWN: whether a running collector notices a changed store: "trust" says at its start or at each connection.
"""
import os, time, urllib.parse
from tiers import certificates

FORGOTTEN = 30  # minutes, VERIFIED
# keys of an entry of "collectors"; server.py describes them
ENTRY = {
    "name": None, "host": None, "version": None, "embedded": False, "local": False, "omit": [], "agents": 0,
    "store": None, "plain": False, "inside": False, "trust": "start", "offline": False,
    "restart_seconds": 0.3, "connect_seconds": 0.05, "quirk": None,
}


class Collector:
    pids = 4000  # the last process number of all

    def __init__(self, world, server, entry):
        self.world, self.server = world, server
        self.change({**ENTRY, **entry})
        self.store = self.store or world.options["store"].format(name=self.name, host=self.host)
        self.running = self.returns = self.connected = self.listed = self.retries = False
        self.accepted, self.starts, self.pid, self.started = [], 0, 0, 0

    def change(self, given):
        unknown = set(given) - set(ENTRY)
        if unknown:
            raise ValueError(f"unknown keys of a collector: {', '.join(sorted(unknown))}")
        self.__dict__.update(given)

    @property
    def id(self):
        return f"{self.name}@{self.host}"

    @property
    def escaped_id(self):
        """VERIFIED of clients: name and host each percent-encoded, @ literal; the option "at" may say %40."""
        name, host = (urllib.parse.quote(part, safe="") for part in (self.name, self.host))
        return name + self.world.options["at"] + host

    def start(self, clear=()):
        if self.running:
            return
        for what, file in (("certs", "trust.pem"), ("keys", "fullchain.pem"), ("keys", "key.pem")):
            if what in clear and os.path.exists(f"{self.store}/{file}"):
                os.unlink(f"{self.store}/{file}")
        Collector.pids += 1
        self.running, self.starts, self.pid = True, self.starts + 1, Collector.pids
        # always a later one, however coarse the clock
        self.started = max(int(time.time() * 1000), self.started + 1)
        self.accepted = [] if "certs" in clear else self.stored()
        self.world.event("start", self.id)
        self.world.after(self.connect_seconds, self.try_connect)

    def stop(self):
        self.returns = False
        if self.running:
            self.running = False
            self.world.event("stop", self.id)
            self.disconnect()

    def restart(self, clear=()):
        if self.quirk == "ignores":
            return
        self.stop()
        self.returns = self.quirk != "stuck"
        self.world.after(self.restart_seconds, lambda: self.returns and self.start(clear))

    def stored(self):
        files = (f"{self.store}/trust.pem", f"{self.store}/fullchain.pem")
        return [leaf for file in files for _, leaf in certificates(file)]

    def try_connect(self):
        port = "plain" if self.plain else "collector"
        if not self.running or self.connected or port not in self.server.ports:
            return
        refusal = None if self.plain or self.inside else self.refusal(self.server.pairs["server"])
        if refusal:
            self.world.event("refused", self.id, refusal)
            if self.trust == "connect" and not self.retries:  # in vain, unless its store has changed by then
                self.retries = True
                self.world.after(self.world.options["retry"], self.retry)
            return
        self.connected = self.listed = True
        self.world.event("connect", self.id)

    def retry(self):
        self.retries = False
        self.try_connect()

    def refusal(self, pair):
        if self.trust == "connect" and self.accepted:
            self.accepted = self.stored()
        if pair.leaf in self.accepted:
            return None
        if self.accepted:
            return "alias collector_client: differs from the stored certificate"
        if pair.ends < time.time():
            return "alias collector_client: expired and not already accepted"
        os.makedirs(self.store, exist_ok=True)
        with open(f"{self.store}/trust.pem", "w", encoding="ascii") as f:
            f.write(pair.pem)
        self.accepted = [pair.leaf]
        return None

    def disconnect(self):
        if self.connected:
            self.connected = False
            self.world.event("disconnect", self.id)
            since = self.since = object()
            self.world.after(FORGOTTEN * self.world.options["minute"], lambda: self.forget(since))

    def forget(self, since):
        if not self.connected and self.since is since:
            self.listed = False
            self.world.event("forget", self.id)


class Collectors:
    def __init__(self, world, server):
        self.world, self.server = world, server
        host = world.options["host"]
        inside = []
        if world.options["embedded"]:  # UNKNOWN its name
            inside.append({"name": "Embedded Collector", "host": host, "embedded": True, "local": True, "inside": True})
        if world.options["self_monitoring"]:  # VERIFIED its name; UNKNOWN what "embedded" says of it
            inside.append({"name": "Dynatrace Self-Monitoring", "host": host, "local": True, "inside": True})
        self.all = [Collector(world, server, entry) for entry in inside + world.options["collectors"]]
        server.watchers.append(self.port_changed)
        for collector in self.all:
            if not collector.inside and not collector.offline:
                collector.start()

    def port_changed(self, port, is_open):
        for collector in self.all:
            if port != ("plain" if collector.plain else "collector"):
                continue
            if not is_open:
                collector.stop() if collector.inside else collector.disconnect()
            elif collector.inside:
                collector.start()
            else:
                self.world.after(self.world.options["reconnect"], collector.try_connect)

    def listing(self):
        """UNKNOWN whether the disconnected are listed, for sources differ: the option "listed" says so."""
        known = self.world.options["listed"] == "known"
        return [c for c in self.all if c.listed and (known or c.connected)]

    def by_id(self, wanted):
        return next((c for c in self.all if c.id == wanted), None)

    def named(self, wanted):
        """What a path of REST names: VERIFIED both forms in clients; UNKNOWN which of two a bare name means."""
        ids = self.world.options["ids"]
        listed = self.listing()
        found = [c for c in listed if c.id == wanted and ids != "bare"]
        return (found + [c for c in listed if c.name == wanted and ids != "full"] + [None])[0]
