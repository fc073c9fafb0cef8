"""The figures of a run of scripts/bench as Markdown: medians, with the least and the most.

    table.py FOLDER                  prints the tables
    table.py FOLDER write FILE       puts them between the marks in the file, which get a
                                     section at its end if there are none yet

Each file of the folder has one line of JSON for each run.
"""

import json
import os
import statistics
import sys

# Name, what it is, its unit, the goal (in brackets the floor), the file of its ceiling.
ROWS = [
    ("hot", "hot: showtimes of 2,000 seats, one after the other", "holds/s",
     "≥ 15,000 (10,000), p99 ≤ 50 ms, ratio ≥ 0.5", "mongo-128"),
    ("spread", "spread: 100 showtimes of 200 seats", "answers/s",
     "≥ 7,000 (5,000), p99 ≤ 100 ms", "mongo-128"),
    ("stadium", "stadium: 60,000 seats, 500 connections", "s", "≤ 5 s (8)", "mongo-128"),
    ("storm", "storm: one seat, 1,000 connections", "answers/s",
     "≥ 40,000 (25,000), p99 ≤ 80 ms", "noop-1000"),
    ("map", "map of 200 seats, 200", "reads/s", "≥ 25,000", "noop-200"),
    ("unchanged", "the same, 304", "reads/s", "≥ 35,000", "noop-200"),
    ("embedded", "embedded: hot", "holds/s", "≥ 25,000 (15,000)", "embedded-128"),
    ("three-hot", "three instances: hot", "holds/s",
     "≥ 8,500 (6,000), p99 ≤ 100 ms, busy ≤ 0.1 %", "mongo-128"),
    ("three-spread", "three instances: spread", "answers/s",
     "≥ 6,000 (4,000), p99 ≤ 100 ms, busy ≤ 0.1 %", "mongo-128"),
    ("lone", "lone: one connection", "ms", "p50 ≤ 5 ms", None),
]
CEILINGS = [
    ("noop-200", "HTTP no-op, 200 connections", "requests/s"),
    ("noop-1000", "HTTP no-op, 1,000 connections", "requests/s"),
    *((f"{store}-{batch}", f"{title}, batches of {batch}", "holds/s")
      for store, title in (("mongo", "MongoDB alone"), ("embedded", "embedded store alone"))
      for batch in (1, 16, 128)),
]
# Where a scenario's figure is not its rate.
KEY_OF_UNIT = {"s": "seconds", "ms": "p50"}
BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"


def runs_of(folder, name):
    try:
        with open(os.path.join(folder, name)) as file:
            return [json.loads(line) for line in file]
    except FileNotFoundError:
        return []


def spoken(values, unit):
    digits = 0 if unit.endswith("/s") else 2
    median, least, most = (
        f"{value:,.{digits}f}" for value in (statistics.median(values), min(values), max(values))
    )
    return f"{median} {unit} [{least} – {most}]"


def middle(runs, key):
    return statistics.median(run[key] for run in runs)


def scenario_line(folder, name, title, unit, goal, ceiling):
    runs = runs_of(folder, name)
    if not runs:
        return []
    figure = spoken([run[KEY_OF_UNIT.get(unit, "rate")] for run in runs], unit)
    if "spread" in name or name == "storm":
        granted, refused = (sum(run[key] for run in runs) for key in ("granted", "refused"))
        figure += f"; {granted / (granted + refused):.2%} of them 201"
    if name.startswith("three"):
        busy = sum(run["busy"] for run in runs)
        figure += f"; busy {busy / max(1, sum(run['answers'] for run in runs)):.2%}"
    top = runs_of(folder, ceiling) if ceiling else []
    limit = f"{middle(top, 'rate'):,.0f}/s" if top else "–"
    ratio = f"{middle(runs, 'rate') / middle(top, 'rate'):.2f}" if top else "–"
    p50, p99 = (f"{middle(runs, key):.1f}" for key in ("p50", "p99"))
    return [f"| {title} | {figure} | {p50} | {p99} | {goal} | {limit} | {ratio} |"]


def tables(folder):
    lines = ["| scenario | figure | p50 ms | p99 ms | goal (floor) | ceiling | ratio |",
             "|---|---|---|---|---|---|---|"]
    for row in ROWS:
        lines += scenario_line(folder, *row)
    lines += ["", "| ceiling | median [least – most] |", "|---|---|"]
    for name, title, unit in CEILINGS:
        runs = runs_of(folder, name)
        if runs:
            lines.append(f"| {title} | {spoken([run['rate'] for run in runs], unit)} |")
    return "\n".join(lines)


def main(folder, command="print", path=""):
    text = tables(folder)
    if command == "print":
        print(text)
        return
    with open(path) as file:
        whole = file.read()
    if BEGIN not in whole:
        whole += f"\n## Under load\n\n`scripts/bench --write`:\n\n{BEGIN}\n{END}\n"
    before, _, rest = whole.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not ended:
        sys.exit(f"{path}: after {BEGIN} there is no {END}")
    with open(path, "w") as file:
        file.write(f"{before}{BEGIN}\n{text}\n{END}{after}")


if __name__ == "__main__":
    main(*sys.argv[1:])
