# SPDX-License-Identifier: Apache-2.0
"""What all parts of the stand-in share: options, time, and the events in order."""
import collections, heapq, itertools, threading, time
from traps import TRAPS

# server.py describes each of them.
DEFAULTS = {
    "version": "7.0", "host": "dt.example.com",
    "ports": {}, "pairs": {}, "builtin": None, "rereads": True,
    "boot": {}, "silent": 0, "flaps": 0, "clear": "answers",
    "users": {"certfleet": {"password": "secret", "without": []}},
    "collectors": [], "embedded": True, "self_monitoring": True, "store": "collectors/{name}@{host}",
    "listed": "known", "ids": "any", "unreachable": "false", "at": "@",
    "minute": 60, "reconnect": 0.1, "retry": 0.3,
    "spoil": [],
}


class World:
    """The lock is held by whatever looks at tiers or collectors, and by each planned action while it runs."""

    def __init__(self, given):
        self.lock = threading.RLock()
        self.options = dict(DEFAULTS)
        self.change(given)
        self.events, self.counts = [], collections.Counter()
        self.begin, self.number = time.monotonic(), itertools.count()
        self.due, self.sooner = [], threading.Condition(self.lock)

    def change(self, given):
        unknown = (set(given) - set(DEFAULTS)) | ({rule["as"] for rule in given.get("spoil", [])} - set(TRAPS))
        if unknown:
            raise ValueError(f"no such option or trap: {', '.join(sorted(unknown))}")
        with self.lock:
            self.options.update(given)

    def event(self, what, subject, detail=""):
        with self.lock:
            at = round(time.monotonic() - self.begin, 3)
            self.events.append({"n": len(self.events), "at": at, "what": what, "subject": subject, "detail": detail})

    def after(self, seconds, action):
        with self.lock:
            heapq.heappush(self.due, (time.monotonic() + seconds, next(self.number), action))
            self.sooner.notify()

    def run(self):
        """Planned actions, one after the other: 500 collectors need no threads of their own."""
        with self.lock:
            while True:
                wait = self.due[0][0] - time.monotonic() if self.due else None
                if wait is None or wait > 0:
                    self.sooner.wait(wait)
                else:
                    heapq.heappop(self.due)[2]()

    def spoiled(self, request):
        """The first trap set for a request like "GET /rest/management/version"; "times" counts down."""
        for rule in self.options["spoil"]:
            if request.startswith(rule["request"]) and rule.get("times", 1) > 0:
                if "times" in rule:
                    rule["times"] -= 1
                return rule
        return None
