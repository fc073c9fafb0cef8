"""Throughput and latency against connections, from the figures of scripts/bench chart.

    chart.py FOLDER                  prints the table
    chart.py FOLDER write FILE       puts it between the marks in the file, and draws it into
                                     the file of that name that ends in .svg
"""

import math
import os
import sys

from figures import Figures, put, row, table

CONNECTIONS = (1, 10, 50, 100, 200, 500, 1000)
# Name, and what is said of it.
LINES = [("hot", "hot: one showtime of 2,000 seats at a time"),
         ("spread", "spread: 100 showtimes of 200 seats")]
MARKS = "<!-- chart: begin -->", "<!-- chart: end -->"

WIDTH, HEIGHT = 880, 380
# Of a panel: where its axes begin, and how far they go.
LEFT, TOP, ACROSS, DOWN = 70, 90, 340, 230
PANEL = WIDTH / 2
# From one entry of the legend to the next.
LEGEND = 360

STYLE = """
  .paper { fill: #ffffff }  text { fill: #24292f; font: 13px sans-serif }
  .title { font-size: 16px; font-weight: bold }  .grid { stroke: #d8dee4 }
  .line { fill: none; stroke-width: 2 }
  .hot { stroke: #c2410c }  .hot.point { fill: #c2410c }
  .spread { stroke: #1d6fb8 }  .spread.point { fill: #1d6fb8 }
  @media (prefers-color-scheme: dark) {
    .paper { fill: #0d1117 }  text { fill: #e6edf3 }  .grid { stroke: #30363d }
    .hot { stroke: #fb923c }  .hot.point { fill: #fb923c }
    .spread { stroke: #58a6ff }  .spread.point { fill: #58a6ff }
  }
"""


def text(x, y, said, anchor="middle", more=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{more}>{said}</text>'


def point(name, x, y):
    if name == "hot":
        return f'<circle class="hot point" cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>'
    return f'<rect class="{name} point" x="{x - 3:.1f}" y="{y - 3:.1f}" width="6" height="6"/>'


def step_of(most):
    """A round step, of which at most six are needed."""
    least = most / 6
    power = 10 ** math.floor(math.log10(least))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= least)


class Linear:
    def __init__(self, values):
        step = step_of(max(values))
        self.ticks = [step * n for n in range(math.ceil(max(values) / step) + 1)]

    def __call__(self, value):
        return value / self.ticks[-1]


class Logarithmic:
    def __init__(self, values):
        powers = range(math.floor(math.log10(min(values))), math.ceil(math.log10(max(values))) + 1)
        rounds = [factor * 10.0 ** power for power in powers for factor in (1, 2, 5)]
        first = max(tick for tick in rounds if tick <= min(values))
        last = min(tick for tick in rounds if tick >= max(values))
        self.ticks = [tick for tick in rounds if first <= tick <= last]

    def __call__(self, value):
        first, last = self.ticks[0], self.ticks[-1]
        return math.log(value / first) / math.log(last / first)


class Panel:
    def __init__(self, place, title, scale):
        self.left, self.title, self.scale = place * PANEL + LEFT, title, scale

    def at(self, connections, value):
        across = math.log(connections) / math.log(CONNECTIONS[-1])
        return self.left + ACROSS * across, TOP + DOWN * (1 - self.scale(value))

    def axes(self):
        bottom = TOP + DOWN
        yield text(self.left, TOP - 12, self.title, "start")
        for tick in self.scale.ticks:
            _, y = self.at(1, tick)
            yield f'<path class="grid" d="M{self.left} {y:.1f}h{ACROSS}"/>'
            yield text(self.left - 8, y + 4, f"{tick:,g}", "end")
        for connections in CONNECTIONS:
            x, _ = self.at(connections, self.scale.ticks[-1])
            yield f'<path class="grid" d="M{x:.1f} {TOP}v{DOWN}"/>'
            yield text(x, bottom + 20, connections)
        yield text(self.left + ACROSS / 2, bottom + 42, "connections")

    def line(self, name, values):
        places = [self.at(*value) for value in values]
        steps = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
        yield f'<path class="{name} line" d="M{steps}"/>'
        yield from (point(name, *place) for place in places)


def draw(series):
    title = "Holds, by the number of connections"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
        f"<title>{title}</title>", f"<style>{STYLE}</style>",
        f'<rect class="paper" width="{WIDTH}" height="{HEIGHT}"/>',
        text(LEFT, 28, title, "start", ' class="title"'),
    ]
    for place, (name, said) in enumerate(LINES):
        # Of both panels: so not above each.
        x = LEFT + place * LEGEND
        parts += [f'<path class="{name} line" d="M{x} 50h28"/>', point(name, x + 14, 50),
                  text(x + 36, 54, said, "start")]
    for place, (key, title, scale) in enumerate(
            [("rate", "answers per second", Linear), ("p99", "99th percentile, ms", Logarithmic)]):
        lines = {name: [(count, run[key]) for count, run in runs] for name, runs in series.items()}
        panel = Panel(place, title, scale([value for line in lines.values() for _, value in line]))
        parts += panel.axes()
        for name, values in lines.items():
            parts += panel.line(name, values)
    return "\n".join([*parts, "</svg>", ""])


def table_of(series):
    head = ["connections"]
    for name, _ in LINES:
        head += [f"{name}, answers/s", "201", "p50 ms", "p99 ms"]
    rows = []
    for place, connections in enumerate(CONNECTIONS):
        cells = [f"{connections:,}"]
        for name, _ in LINES:
            _, run = series[name][place]
            cells += [f"{run['rate']:,.0f}", f"{run['granted'] / run['answers']:.0%}",
                      f"{run['p50']:.1f}", f"{run['p99']:.1f}"]
        rows.append(row(cells))
    return "\n".join(table(head, rows))


def main(folder, command="print", path=""):
    figures = Figures(folder)
    series = {name: [(count, run) for count in CONNECTIONS
                     for run in figures.runs(f"chart-{name}-{count}")] for name, _ in LINES}
    if any(len(line) != len(CONNECTIONS) for line in series.values()):
        sys.exit("a point of the chart is missing")
    if command == "print":
        print(table_of(series))
        return
    put(path, MARKS, table_of(series))
    with open(os.path.splitext(path)[0] + ".svg", "w") as file:
        file.write(draw(series))


if __name__ == "__main__":
    main(*sys.argv[1:])
