"""The figures of a run of scripts/bench as Markdown: medians, with the least and the most.

    table.py FOLDER                  prints the tables
    table.py FOLDER write FILE       puts them between the marks in the file; of what was
                                     not run, the lines that are there stay
"""

import sys

import costs_table
from figures import Figures, between, put, row, spoken, table
from goals import goal_rows

# Name, what it is, its unit, the goal (in brackets the floor), the file of its ceiling.
SCENARIOS = [
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
MARKS = "<!-- bench: begin -->", "<!-- bench: end -->"


def scenario_row(figures, name, title, unit, goal, ceiling):
    runs = figures.runs(name)
    if not runs:
        return [title]
    figure = spoken(figures.values(name, KEY_OF_UNIT.get(unit, "rate")), unit)
    if "spread" in name or name == "storm":
        granted, refused = (sum(run[key] for run in runs) for key in ("granted", "refused"))
        figure += f"; {granted / (granted + refused):.2%} of them 201"
    if name.startswith("three"):
        busy = sum(run["busy"] for run in runs)
        figure += f"; busy {busy / max(1, sum(run['answers'] for run in runs)):.2%}"
    top = figures.median(ceiling) if ceiling else None
    limit = f"{top:,.0f}/s" if top else "–"
    ratio = f"{figures.median(name) / top:.2f}" if top else "–"
    p50, p99 = (f"{figures.median(name, key):.1f}" for key in ("p50", "p99"))
    return [title, figure, p50, p99, goal, limit, ratio]


def ceiling_row(figures, name, title, unit):
    rates = figures.values(name)
    return [title, spoken(rates, unit)] if rates else [title]


def tables(figures):
    """The head of each table, and its rows; one that was not run has a title only."""
    return [
        (["scenario", "figure", "p50 ms", "p99 ms", "goal (floor)", "ceiling", "ratio"],
         [scenario_row(figures, *scenario) for scenario in SCENARIOS]),
        (["what else counts", "figure", "goal"], goal_rows(figures)),
        (["ceiling", "median [least – most]"],
         [ceiling_row(figures, *ceiling) for ceiling in CEILINGS]),
        (costs_table.HEAD, costs_table.rows(figures)),
    ]


def rows_of(text):
    """The lines of tables, by the first cell of their table, and their own."""
    found, head = {}, None
    for line in text.splitlines():
        title = line.split(" | ")[0].removeprefix("| ")
        if not line.startswith("| "):
            # A table ends with any line but that of dashes.
            head = head if line.startswith("|-") else None
        elif head is None:
            head = title
        else:
            found[head, title] = line
    return found


def text_of(figures, kept):
    parts = []
    for head, rows in tables(figures):
        lines = []
        for cells in rows:
            old = kept.get((head[0], cells[0]))
            lines += [row(cells)] if len(cells) > 1 else [old] if old else []
        if lines:
            parts.append("\n".join(table(head, lines)))
    return "\n\n".join(parts)


def main(folder, command="print", path=""):
    figures = Figures(folder)
    if command == "print":
        text = text_of(figures, {})
        print(text + "\n" if text else "", end="")
    else:
        put(path, MARKS, text_of(figures, rows_of(between(path, MARKS))))


if __name__ == "__main__":
    main(*sys.argv[1:])
