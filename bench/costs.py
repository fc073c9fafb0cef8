"""Runs a load, and adds to its figures what the machine spent on it.

    costs.py FIGURE FIGURES [--process NAME PID]... [--mongo PORT] [--instance URL]...
             -- LOAD...

The load writes its figures, one JSON object, into the file FIGURE. With what is added they
become a line of the file FIGURES:

    seconds_of    CPU seconds of the processes, by name, and of the load itself
    of_all        CPU seconds of the whole machine
    idle          share of the machine's time in which a core had nothing to do
    requests      requests that MongoDB got
    batches       batches of the instances, and `batched` the commands in them
    shares        holds granted by each instance
"""

import argparse
import json
import os
import socket
import subprocess
import sys

import served
from mongo_initiate import command

TICKS = os.sysconf("SC_CLK_TCK")
REQUESTS = b"\x12numRequests\0"


def seconds_of(pid):
    with open(f"/proc/{pid}/stat") as file:
        # The name of the program, in brackets, may hold anything: what counts follows it.
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def machine():
    """Seconds of all cores in which there was something to do, and in which there was not."""
    with open("/proc/stat") as file:
        # User, nice, system, idle, iowait, irq, softirq, and what others took of a virtual one.
        ticks = [int(field) for field in file.readline().split()[1:9]]
    idle = ticks[3] + ticks[4]
    return (sum(ticks) - idle) / TICKS, idle / TICKS


def requests_of(port):
    with socket.create_connection(("127.0.0.1", port), timeout=10) as server:
        reply = command(server, {"serverStatus": 1})
    at = reply.index(REQUESTS) + len(REQUESTS)
    return int.from_bytes(reply[at:at + 8], "little")


class Snapshot:
    def __init__(self, options):
        self.requests = requests_of(options.mongo) if options.mongo else 0
        self.instances = [served.read(url) for url in options.instance]
        self.seconds = [seconds_of(pid) for _, pid in options.process]
        self.busy, self.idle = machine()


def spent(options, before, after, load):
    seconds = {"load": load}
    for (name, _), first, last in zip(options.process, before.seconds, after.seconds):
        seconds[name] = seconds.get(name, 0) + last - first
    busy, idle = after.busy - before.busy, after.idle - before.idle
    pairs = list(zip(before.instances, after.instances))
    return {
        "seconds_of": {name: round(value, 3) for name, value in seconds.items()},
        "of_all": round(busy, 3),
        "idle": round(idle / (busy + idle), 4),
        "requests": after.requests - before.requests,
        "batched": sum(last[1] - first[1] for first, last in pairs),
        "batches": sum(last[2] - first[2] for first, last in pairs),
        "shares": [last[0].get("201", 0) - first[0].get("201", 0) for first, last in pairs],
    }


def main():
    at = sys.argv.index("--")
    parser = argparse.ArgumentParser()
    parser.add_argument("figure")
    parser.add_argument("figures")
    parser.add_argument("--process", nargs=2, action="append", default=[])
    parser.add_argument("--mongo", type=int)
    parser.add_argument("--instance", action="append", default=[])
    options = parser.parse_args(sys.argv[1:at])
    before = Snapshot(options)
    child = subprocess.Popen(sys.argv[at + 1:], env={**os.environ, "FIGURE": options.figure})
    _, status, usage = os.wait4(child.pid, 0)
    after = Snapshot(options)
    if status:
        sys.exit(1)
    with open(options.figure) as file:
        figures = json.load(file)
    figures |= spent(options, before, after, usage.ru_utime + usage.ru_stime)
    with open(options.figures, "a") as file:
        print(json.dumps(figures, separators=(",", ":")), file=file)


if __name__ == "__main__":
    main()
