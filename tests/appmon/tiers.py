# SPDX-License-Identifier: Apache-2.0
"""The processes that listen: Server, Frontend Server, Memory Analysis Server.

VERIFIED which listener is whose, and the default numbers in brackets; INFERRED that TLS begins with the first byte;
UNKNOWN which pair the HTTPS ports have: here one of their own, "web", which may be the same folder.
"""
import hashlib, os, re, socket, ssl, subprocess, threading

# tier: port: the pair it serves, or none where it speaks in the clear
TIERS = {
    "server": {"web": "web", "collector": "server", "frontend": "server", "plain": None},  # 8021 6699 2031 6698
    "frontend": {"client": "frontend", "webui": "web"},                                    # 2021 9911
    "mas": {"mas": "mas"},                                                                 # 7788
}
BOOT = 0.2      # seconds, of ports that the option "boot" does not name
PATIENCE = 60   # seconds for what a peer sends


def certificates(path):
    """Of each certificate of a file, the leaf first, its text and its fingerprint; none when there is no file."""
    if not os.path.exists(path):
        return []
    with open(path, encoding="ascii", errors="replace") as f:
        found = re.findall("-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", f.read(), re.DOTALL)
    return [(pem, hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()) for pem in found]


class Pair:
    """A key pair as it was when its process started: later changes of the files are not seen."""

    def __init__(self, folder):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(f"{folder}/fullchain.pem", f"{folder}/key.pem")
        self.pem, self.leaf = certificates(f"{folder}/fullchain.pem")[0]
        ends = subprocess.check_output(["openssl", "x509", "-noout", "-enddate"], input=self.pem, text=True)
        self.ends = ssl.cert_time_to_seconds(ends.strip().removeprefix("notAfter="))


class Port:
    """A listener on loopback.  A thread for each connection: only tests and certfleet connect, collectors do not."""

    def __init__(self, number, context, serve):
        self.context, self.serve, self.peers, self.closed = context, serve, set(), False
        self.listener = socket.create_server(("127.0.0.1", number), backlog=256)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.talk, args=(peer,), daemon=True).start()

    def talk(self, peer):
        with peer:
            try:
                peer.settimeout(PATIENCE)
                if self.context:
                    peer = self.context.wrap_socket(peer, server_side=True, do_handshake_on_connect=False)
                self.peers.add(peer)
                with peer:
                    if not self.closed:  # else accepted just before
                        if self.context:
                            peer.do_handshake()
                        self.serve(peer)
            except OSError:
                pass
            self.peers.discard(peer)

    def close(self):
        self.closed = True
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for peer in list(self.peers):
            try:
                socket.socket.shutdown(peer, socket.SHUT_RDWR)  # not SSLSocket's, which a reader would trip over
            except OSError:
                pass


class Tier:
    def __init__(self, world, name, talk):
        self.world, self.name, self.talks = world, name, talk  # talk: by port, else one read
        self.pairs, self.ports, self.starts = {}, {}, 0
        self.running, self.watchers = False, []  # called with the name of each port that opens or closes

    def ports_wanted(self):
        return [port for port in TIERS[self.name] if port in self.world.options["ports"]]

    def load(self):
        """VERIFIED: without a stored key the built-in one is used."""
        options = self.world.options
        for pair in {TIERS[self.name][port] for port in self.ports_wanted()} - {None}:
            folder = options["pairs"].get(pair)
            if not folder or not os.path.exists(f"{folder}/fullchain.pem"):
                folder = options["builtin"] or folder
            if options["rereads"] or pair not in self.pairs:
                self.pairs[pair] = Pair(folder)

    def start(self):
        with self.world.lock:
            if self.running:
                return
            self.starts += 1
            try:
                self.load()
            except (OSError, IndexError) as error:
                self.world.event("start failed", self.name, str(error))
                return
            self.running = True
            self.world.event("start", self.name, " ".join(f"{n}={p.leaf}" for n, p in sorted(self.pairs.items())))
            for port in self.ports_wanted():
                seconds = self.world.options["boot"].get(port, BOOT)
                self.world.after(seconds, lambda port=port, start=self.starts: self.open(port, start))

    def open(self, port, start):
        if not self.running or start != self.starts:
            return
        pair = TIERS[self.name][port]
        serve = self.talks.get(port, self.in_the_clear if not pair else lambda peer: peer.recv(1))
        self.ports[port] = Port(self.world.options["ports"][port], self.pairs[pair].context if pair else None, serve)
        self.world.event("open", port)
        for watcher in self.watchers:
            watcher(port, True)

    def stop(self):
        with self.world.lock:
            if not self.running:
                return
            self.running = False
            self.world.event("stop", self.name)
            for port in list(self.ports):
                self.ports.pop(port).close()
                for watcher in self.watchers:
                    watcher(port, False)

    def restart(self):
        with self.world.lock:
            self.stop()
            self.start()

    def clear_keys(self):
        """VERIFIED: -Dclearkeys drops the stored key, which reverts to the built-in one."""
        for pair in TIERS[self.name].values():
            for file in ("fullchain.pem", "key.pem"):
                path = f"{self.world.options['pairs'].get(pair)}/{file}"
                if pair and pair != "web" and os.path.exists(path):
                    os.unlink(path)

    def in_the_clear(self, peer):
        """UNKNOWN what a plain port says to a TLS hello: it answers, greets first, or hangs up."""
        if self.world.options["clear"] == "greets":
            peer.sendall(b"dynaTrace\r\n")
        if peer.recv(4096) and self.world.options["clear"] == "answers":
            peer.sendall(b"unexpected message\r\n")
