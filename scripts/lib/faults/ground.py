"""What the faults happen to: services, instances, the sandbox; and how to order faults."""

import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path.insert(0, os.path.join(ROOT, "scripts", "lib"))

import mongo_initiate  # noqa: E402
from redis_ask import ask  # noqa: E402

SERVICES = os.path.join(ROOT, ".services")
MEMBERS = ("mongo-1", "mongo-2", "mongo-3")
NODES = ("redis-1", "redis-2")
SENTINELS = ("sentinel-1", "sentinel-2", "sentinel-3")
INSTANCES = 3
# How long a lock lasts, in ms: short, so that a paused owner outlives it soon.
LOCK_TTL_MS = 2_000
# How long what follows by itself may take, in seconds: far more than it does.
SOON = 90


def script(name, *words, **env):
    done = subprocess.run([os.path.join(ROOT, "scripts", name), *words], text=True,
                          capture_output=True, env={**os.environ, **env})
    if done.returncode:
        raise RuntimeError(f"{name} {' '.join(words)}:\n{done.stdout}{done.stderr}")
    return done.stdout


def variables(path):
    with open(path) as file:
        return dict(line.rstrip("\n").split("=", 1) for line in file)


def until(what, holds, seconds=SOON):
    """Waits for what happens by itself; gives what it was waited for."""
    end = time.monotonic() + seconds
    while True:
        try:
            if (found := holds()) is not None and found is not False:
                return found
        except OSError:
            pass
        if time.monotonic() > end:
            raise RuntimeError(f"never: {what}")
        time.sleep(0.05)


def free_ports(count):
    """The first of so many in a row."""
    while True:
        first = random.randrange(20000, 31900)
        try:
            for port in range(first, first + count):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
            return first
        except OSError:
            continue


class Ground:
    def __init__(self, seathold, proxy, buyers, folder):
        self.seathold, self.buyers, self.folder = seathold, buyers, folder
        self.sandbox_process = None
        script("services", "up", "mongo-set", "redis-sentinel", "haproxy", FAULT_PROXY=proxy)
        self.env = variables(os.path.join(SERVICES, "env"))

    def start(self, database, *flags):
        """Instances, with these flags, on a database of their own, and a sandbox: what other
        scenarios have left is not gone through again."""
        self.database = database
        self.env["MONGO_URI"] = re.sub(r"/[^/?]*(?=\?)", f"/{database}", self.env["MONGO_URI"])
        first = free_ports(INSTANCES + 2)
        shop, self.sandbox = f"http://127.0.0.1:{first}", f"http://127.0.0.1:{first + 4}"
        log = open(os.path.join(self.folder, "sandbox.log"), "a")
        self.sandbox_process = subprocess.Popen(
            [self.seathold, "sandbox", "--port", str(first + 4), "--shop", shop],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        script("cluster", str(INSTANCES), "--base-port", str(first), "--detach", "--", "--dev",
               "--lock-ttl-ms", str(LOCK_TTL_MS), "--sweep-cron", "*/10 * * * * *", *flags,
               SEATHOLD_BIN=self.seathold, CARD_URL=self.sandbox + "/sandbox",
               CARD_WEBHOOK_SECRET="sandbox-card-secret", PUBLIC_URL=shop, **self.env)
        self.shop = shop

    def stop(self):
        try:
            script("cluster", "down")
        finally:
            if self.sandbox_process:
                self.sandbox_process.kill()
                self.sandbox_process.wait()
                self.sandbox_process = None

    def down(self):
        self.stop()
        # The services take their logs with them.
        for name in (*MEMBERS, *NODES, *SENTINELS):
            log = os.path.join(SERVICES, "run", name, "log")
            if os.path.exists(log):
                shutil.copyfile(log, os.path.join(self.folder, f"{name}.log"))
        script("services", "down", "mongo-set", "redis-sentinel")

    def keep_logs(self, scenario):
        """What the instances logged since, and whether one has panicked."""
        panics = 0
        for number in range(1, INSTANCES + 1):
            path = os.path.join(SERVICES, "cluster", f"instance-{number}", "log")
            if not os.path.exists(path):
                continue
            with open(path, errors="replace") as log:
                said = log.read()
            panics += said.count("panicked")
            with open(os.path.join(self.folder, f"{scenario}-{number}.log"), "w") as kept:
                kept.write(said)
        return panics

    def pids(self):
        paths = [os.path.join(SERVICES, "cluster", f"instance-{number}", "pid")
                 for number in range(1, INSTANCES + 1)]
        return [int(open(path).read().split()[0]) for path in paths]

    def port(self, name):
        with open(os.path.join(SERVICES, "run", name, "port")) as file:
            return int(file.read())

    def mongo_primary(self, but=None):
        """The member that takes writes, unless it is that one; None, if there is none."""
        for member in MEMBERS:
            if member == but:
                continue
            try:
                with socket.create_connection(("127.0.0.1", self.port(member)), 0.5) as server:
                    if mongo_initiate.is_primary(mongo_initiate.command(server, {"hello": 1})):
                        return member
            except (OSError, ValueError, mongo_initiate.struct.error):
                continue
        return None

    def mongo_is_whole(self):
        names = [f"{self.port(member)}=x" for member in MEMBERS]
        return mongo_initiate.main(names) == 0

    def redis_primary(self):
        """The node that the Sentinels call the primary."""
        for sentinel in SENTINELS:
            answer = self.ask_sentinel(sentinel, "GET-MASTER-ADDR-BY-NAME")
            if answer:
                return next(node for node in NODES if self.port(node) == int(answer[1]))
        return None

    def redis_is_whole(self):
        """All Sentinels see a primary and a replica that are up."""
        for sentinel in SENTINELS:
            replicas = self.ask_sentinel(sentinel, "REPLICAS")
            fields = dict(zip(replicas[0][::2], replicas[0][1::2])) if replicas else {}
            if fields.get("flags") != "slave" or fields.get("master-link-status") != "ok":
                return False
        return True

    def ask_sentinel(self, sentinel, what):
        return ask(self.port(sentinel), "SENTINEL", what, "seathold", timeout=1)

    def ask_redis(self, *words):
        return ask(self.port(self.redis_primary()), *words, timeout=1)

    def proxy(self, *words):
        """Gives an order to the proxies; gives what one says of itself."""
        with socket.create_connection(("127.0.0.1", self.port("proxy")), 2) as control:
            control.sendall((" ".join(map(str, words)) + "\n").encode())
            said = control.makefile().readline().split()
        if said[0] != "ok":
            raise RuntimeError(" ".join(said))
        return dict(word.split("=") for word in said[1:] if "=" in word)

    def is_on_the_path(self):
        """Requests of the instances go through the primary's proxy."""
        return int(self.proxy("status", self.mongo_primary())["requests"])

    def instance(self, number, name):
        os.kill(self.pids()[number - 1], getattr(signal, name))
