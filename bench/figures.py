"""The figures of a run of scripts/bench, as they were seen, and as they are said."""

import json
import os
import statistics
import sys


class Figures:
    """A folder with a file for each scenario, of one line of JSON for each run."""

    def __init__(self, folder):
        self.folder = folder

    def runs(self, name):
        try:
            with open(os.path.join(self.folder, name)) as file:
                return [json.loads(line) for line in file]
        except FileNotFoundError:
            return []

    def values(self, name, key="rate"):
        return [run[key] for run in self.runs(name)]

    def median(self, name, key="rate"):
        """None, if it was not run."""
        values = self.values(name, key)
        return statistics.median(values) if values else None


def spoken(values, unit):
    """The median, with the least and the most."""
    digits = 0 if unit.endswith("/s") else 2
    median, least, most = (
        f"{value:,.{digits}f}" for value in (statistics.median(values), min(values), max(values))
    )
    return f"{median} {unit} [{least} – {most}]"


def row(cells):
    return f"| {' | '.join(cells)} |"


def table(head, rows):
    return [row(head), row(["---"] * len(head)).replace(" ", ""), *rows]


def put(path, marks, text):
    """Puts the text between both marks of the file."""
    begin, end = marks
    with open(path) as file:
        whole = file.read()
    before, began, rest = whole.partition(begin)
    _, ended, after = rest.partition(end)
    if not (began and ended):
        sys.exit(f"{path}: there is no {begin} with an {end} after it")
    with open(path, "w") as file:
        file.write(f"{before}{begin}\n{text}\n{end}{after}")


def between(path, marks):
    """What stands between both marks, or nothing."""
    with open(path) as file:
        return file.read().partition(marks[0])[2].partition(marks[1])[0]
