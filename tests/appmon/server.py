# SPDX-License-Identifier: Apache-2.0
"""A stand-in for the Dynatrace AppMon Server, for tests: server.py OPTIONS.json CONTROL

It was written from public facts about the product alone, never from or beside the product, and never compared with
it.  VERIFIED, INFERRED and UNKNOWN in its comments say of a behaviour: seen in a public source, concluded from such
sources, not found in any and chosen here.  Where the sources differ or are silent an option has each way.  No interface
of it takes a key pair, since no public interface of the product does: files are put where a component reads them.

It is a Server, a Frontend Server, a Memory Analysis Server and up to some 500 collectors in one process, on loopback.
Parts: world.py (options, time, events), tiers.py (what listens), collectors.py, rest.py, reply.py, traps.py,
control.py.  Python 3.11 and the program openssl are all it needs.

OPTIONS.json is an object; none of these has to be there but "ports", with "web" and "collector":
  version      "6.2", "6.3", "7.0" or "7.2"
  host         the Server's name in addresses and lists
  ports        {"web", "collector", "frontend": of the Server, 8021, 6699 and 2031; "plain": its 6698, in the clear;
               "client", "webui": of the Frontend Server, 2021 and 9911; "mas": 7788}; without a number no such port
  pairs        {"server", "frontend", "mas", "web": folder with fullchain.pem and key.pem}, read when a tier starts
  builtin      folder of the pair used where one of the former is missing, as a fresh installation has it
  rereads      false: a restart keeps the pair of the first start
  boot         {port: seconds until it opens after a start}, else 0.2; REST may be up long before "collector"
  silent       seconds after "web" opens for which requests get no answer
  flaps        so many of the first requests after "web" opens, each second one, end without an answer
  clear        what "plain" does on a TLS hello: "answers", "greets" first, "closes"
  users        {name: {"password", "without": [permissions]}}; the permissions are "Web Service Interface Access",
               "Shutdown or Restart", "Shutdown or Restart Collector"
  spoil        [{"request": "METHOD PATH", of which a beginning will do, "as": a name of traps.py, "times": N}]
  collectors   [{"name", "host", and any of
                 "version", "embedded", "local", "agents" (a number), "omit" ([fields the list lacks, or "href"]),
                 "store" (its folder: trust.pem, what it stored of the Server; fullchain.pem and key.pem, its pair),
                 "plain" (connects in the clear), "inside" (lives in the Server), "offline" (not there at first),
                 "trust" ("start": what is stored is read at its start; "connect": each time it connects),
                 "restart_seconds", "connect_seconds" (from start to connection),
                 "quirk" ("stuck": does not come back from a restart; "ignores": does not restart)}]
  embedded, self_monitoring   false: without these two collectors
  store        folder of a collector without its own, with {name} and {host} in it
  listed       "known": the list has the disconnected until they are forgotten; "connected": it has them not
  ids          which collector a path may name: "any", "full" (NAME@HOST), "bare" (NAME)
  unreachable  order for a collector that is not connected: "false" (the value), "404", "reaches"
  at           "@" or "%40", in an href
  minute       seconds that a minute lasts for the 30 after which a disconnected collector is forgotten
  reconnect    seconds from the opening of a port to the connection of the collectors
  retry        seconds between the attempts of a refused collector whose "trust" is "connect"

CONTROL is a Unix socket, there when all has begun; curl --unix-socket CONTROL http://x/...
  GET /events  [{"n", "at": seconds, "what", "subject", "detail"}] in order; "what" is request, start, "start failed",
               stop, open, connect, disconnect, refused, forget
  GET /counts  {"METHOD PATH": requests}
  GET /state   tiers and collectors as they are
  POST /       {"set": options}, {"tier": "server" | "frontend" | "mas", "do": "start" | "stop" | "restart"},
               {"collector": "NAME@HOST", "set": its keys, "do": "start" | "stop" | "restart" | "flap"}; a start may
               have "clear": ["certs", "keys"], the product's -Dclearcerts and -Dclearkeys
"""
import json, sys, threading, time
sys.dont_write_bytecode = True
from collectors import Collectors
from control import Control, ControlServer
from rest import Rest
from tiers import TIERS, Tier
from world import World


def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        world = World(json.load(f))
    Rest.world = Control.world = world
    world.booted = world.answered = 0

    def port_changed(port, is_open):
        if port == "web" and is_open:
            world.booted, world.answered = time.monotonic(), 0

    talks = {"web": lambda peer: Rest(peer, ("127.0.0.1", 0), None)}
    with world.lock:
        world.tiers = {name: Tier(world, name, talks) for name in TIERS}
        world.tiers["server"].watchers.append(port_changed)
        world.collectors = Collectors(world, world.tiers["server"])
        for tier in world.tiers.values():
            if tier.ports_wanted():
                tier.start()
    threading.Thread(target=ControlServer(sys.argv[2]).serve_forever, daemon=True).start()
    world.run()


main()
