"""Runs scenarios, and judges them."""

import argparse
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zlib

import overload
from ground import ROOT, Ground, until
from scenarios import OFTEN, SCENARIOS
from watch import Watch, recoveries

# What the short form runs.
SHORT = ("instances-killed", "mongo-killed", "redis-failed-over")
# Buyers at the same time: what two cores carry beside three instances and both stores.
BUYERS = 24
# For how long goodput is measured before the first fault, in seconds; in the short form.
BEFORE, BEFORE_SHORT = 5, 3
# What buyers go by: how many seats a hot showtime has, for how long they repeat what was
# not answered (the lease of a claim after a crash is 30 s, and the fault takes its time),
# and what the service promises of holds, maps and users.
BUYERS_FLAGS = {"buyers": BUYERS, "readers": 1, "seats": 500, "rate": 1000,
                "patience-ms": 90_000, "settle-seconds": 180, "tolerance-ms": 1000,
                "stale-ms": 250, "hold-ms": 600_000, "extended-ms": 1_800_000,
                "seats-per-user": 10, "seconds": 3600}
# How long buyers may take to finish, and what is there to be read, in seconds.
END_SECONDS = 320


class Sale:
    """An on-sale under way, and what is done to it."""

    def __init__(self, ground, path, seed, before):
        self.ground, self.path, self.before, self.faults = ground, path, before, []
        open(path, "w").close()
        flags = {"base-url": ground.shop, "sandbox-url": ground.sandbox, "out": path,
                 "seed": seed, **BUYERS_FLAGS}
        words = [word for name, value in flags.items() for word in (f"--{name}", str(value))]
        with open(path.removesuffix(".jsonl") + "-buyers.log", "w") as log:
            self.process = subprocess.Popen(
                [ground.buyers, "--in-turn", *words], stdin=subprocess.DEVNULL,
                stdout=log, stderr=log)
        self.watch, self.base = Watch(path), 0.0

    def warm_up(self):
        self.goes_on(200)
        begin = time.time()
        until("some seconds have passed", lambda: time.time() > begin + self.before + 1)
        self.base = self.watch.rate(begin + 1, begin + 1 + self.before)

    def goes_on(self, more):
        """Waits until so much more was acknowledged."""
        wanted = self.watch.good + more
        until(f"{more} more are acknowledged", self.alive(lambda: self.watch.good >= wanted))

    def recovers(self):
        """Waits until goodput is what it was, or nearly, for two seconds."""
        begin = time.time()
        good = lambda: time.time() > begin + 3 and self.watch.rate(
            time.time() - 2, time.time()) >= 0.8 * self.base
        until("goodput is back", self.alive(good))

    def alive(self, holds):
        def both():
            if self.process.poll() is not None:
                raise RuntimeError("the buyers have ended")
            return holds()
        return both

    @contextlib.contextmanager
    def fault(self, name):
        began = time.time()
        yield
        self.faults.append({"name": name, "at": began, "until": time.time()})

    def end(self):
        """The buyers finish what they have begun; all is read."""
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(END_SECONDS)
        finally:
            self.process.kill()
            self.watch.stop()
        if status:
            raise RuntimeError("the buyers have failed")


def run_scenario(ground, name, short, seed):
    before = BEFORE_SHORT if short else BEFORE
    sale = Sale(ground, os.path.join(ground.folder, f"{name}.jsonl"), seed, before)
    try:
        sale.warm_up()
        if not ground.is_on_the_path():
            raise RuntimeError("nothing goes through the proxies")
        began = time.time()
        SCENARIOS[name](sale, OFTEN[name][short])
        took = time.time() - began
        sale.recovers()
        closed = time.time()
    finally:
        sale.end()
    return {"scenario": name, "about": SCENARIOS[name].__doc__, "took": took,
            **figures(sale, began, closed), **judged(ground, sale.path),
            "panics": ground.keep_logs(name)}


def figures(sale, began, closed):
    watch = sale.watch
    first = int(began) - sale.before
    for fault in sale.faults:
        fault["at"] -= first
        fault["until"] -= first
    return {"base": sale.base, "faults": sale.faults, "operations": watch.operations,
            "good": watch.good, "unknown": watch.unknown, "refusals": dict(watch.refusals),
            "goodput": [watch.by_second[second] for second in range(first, int(closed) + 1)]}


def judged(ground, path):
    """What is wrong, by the history and by what is stored."""
    env = {**os.environ, "MONGO_URI": ground.env["MONGO_URI"]}
    judges, said = {"verify": ["verify"], "check-history": ["check-history", path]}, {}
    if not has_command(ground.seathold, "check-history"):
        print("faults: this build of seathold checks no histories", file=sys.stderr)
        del judges["check-history"]
    for name, words in judges.items():
        done = subprocess.run([ground.seathold, *words], env=env, text=True, capture_output=True)
        said[name] = {"status": done.returncode, "said": done.stdout + done.stderr}
    return {"judged": said}


def has_command(seathold, name):
    said = subprocess.run([seathold, "--help"], text=True, capture_output=True).stdout
    return f"\n  {name} " in said


def is_good(result):
    judges = result.get("judged", {}).values()
    return not result.get("failed") and not result["panics"] and \
        all(judge["status"] == 0 for judge in judges)


def line(result):
    backs = recoveries(result)
    worst = "never" if None in backs else f"{max(backs, default=0)} s"
    return (f"{result['scenario']}: {len(backs)} faults in {result['took']:.0f} s, "
            f"{result['operations']} operations, {result['unknown']} unknown, goodput "
            f"{result['base']:.0f}/s before, back after {worst} at the most; "
            + ", ".join(f"{name} {judge['status']}" for name, judge in result["judged"].items()))


def known():
    names = {**SCENARIOS, "overload": overload.run}
    return "\n".join(f"    {name:<18} {function.__doc__}" for name, function in names.items())


# The programs under test, and what names them instead: built by one command each, which
# builds what tests of the workspace are made of.
BUILDS = (
    (["--release", "--package", "seathold-server", "--bin", "seathold"],
     {"SEATHOLD_BIN": "release/seathold"}),
    (["--workspace", "--bin", "fault_proxy", "--example", "buyers"],
     {"FAULT_PROXY": "debug/fault_proxy", "BUYERS": "debug/examples/buyers"}),
)


def programs():
    """The programs, built if nobody names them."""
    target = os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target"))
    found = []
    for words, names in BUILDS:
        if not all(os.environ.get(variable) for variable in names):
            subprocess.run(["cargo", "build", "--locked", *words], cwd=ROOT, check=True)
        found += [os.path.abspath(os.environ.get(variable) or os.path.join(target, path))
                  for variable, path in names.items()]
    return found


def main(words):
    parser = argparse.ArgumentParser(prog="scripts/faults", add_help=False)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--keep")
    parser.add_argument("scenarios", nargs="*")
    chosen = parser.parse_args(words)
    names = chosen.scenarios or (SHORT if chosen.short else [*SCENARIOS, "overload"])
    for name in names:
        if name not in SCENARIOS and name != "overload":
            parser.error(f"unknown: {name}; known are:\n{known()}")
    seathold, proxy, buyers = programs()
    folder = os.path.abspath(chosen.keep) if chosen.keep else tempfile.mkdtemp()
    os.makedirs(folder, exist_ok=True)
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, lambda *_: sys.exit(1))
    began, ground, good = time.time(), None, False
    try:
        ground = Ground(seathold, proxy, buyers, folder)
        good = all([run_one(ground, name, chosen.short) for name in names])
    finally:
        if ground:
            ground.down()
        if not chosen.keep and good:
            shutil.rmtree(folder)
        elif not good:
            print(f"faults: what is known is in {folder}", file=sys.stderr)
    print(f"faults: {len(names)} scenarios in {time.time() - began:.0f} s, "
          f"{'all is well' if good else 'NOT all is well'}")
    return 0 if good else 1


def run_one(ground, name, short):
    """Each has instances of its own, so that none begins with what another has left."""
    if name == "overload":
        result = overload.run(ground)
    else:
        ground.start(name)
        try:
            result = run_scenario(ground, name, short, seed=zlib.crc32(name.encode()))
        except RuntimeError as error:
            print(f"{name}: WRONG: {error}", flush=True)
            return False
        finally:
            ground.keep_logs(name)
            ground.stop()
    with open(os.path.join(ground.folder, f"{name}.json"), "w") as file:
        json.dump(result, file)
    if name == "overload":
        print(overload.line(result), flush=True)
        return not result["failed"]
    print(line(result), flush=True)
    for judge, verdict in result["judged"].items():
        if verdict["status"]:
            print(re.sub("^", f"  {judge}: ", verdict["said"], flags=re.M), flush=True)
    return is_good(result)
