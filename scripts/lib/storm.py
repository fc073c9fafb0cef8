"""Compares holds in a storm of callbacks with holds without one.

    storm.py FOLDER RUNS

reads calm-1, storm-1, calm-2 and so on, as k6/steady.js leaves them there, and rage-1 and
so on, of lib/callbacks.py. Exits with 1 unless the medians of p50 and p99 in the storm are within
twice those without.
"""

import json
import statistics
import sys

folder, times = sys.argv[1], int(sys.argv[2])


def runs(name):
    read = []
    for run in range(1, times + 1):
        with open(f"{folder}/{name}-{run}") as file:
            read.append(json.load(file))
    return read


def shown(values):
    return f"{statistics.median(values):.1f} [{min(values):.1f} – {max(values):.1f}]"


calm, storm, rage = runs("calm"), runs("storm"), runs("rage")
within = True
print(f'   {"a hold, ms":<12}{"calm":>24}{"storm":>24}{"times":>8}')
for stat in ("p50", "p95", "p99"):
    before, during = [run[stat] for run in calm], [run[stat] for run in storm]
    times_longer = statistics.median(during) / statistics.median(before)
    within &= stat == "p95" or times_longer <= 2
    print(f"   {stat:<12}{shown(before):>24}{shown(during):>24}{times_longer:>8.2f}")
print("   callbacks per second: " + ", ".join(str(run["callbacks_per_second"]) for run in rage))
print("   holds: " + ", ".join(str(run["holds"]) for run in calm + storm))
print("   not sent in time: " + ", ".join(str(run["not_sent"]) for run in calm + storm))
print("\n   within twice" if within else "\n   NOT within twice")
sys.exit(not within)
