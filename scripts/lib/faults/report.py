"""What scenarios left, as a table and as a chart."""

import json
import os

from scenarios import SCENARIOS
from watch import recoveries

MARKS = "<!-- faults: begin -->", "<!-- faults: end -->"
WIDTH, LEFT, ACROSS, TOP = 880, 70, 790, 60
# Of one scenario: from its title to the next one's, and its curve alone.
PANEL, DOWN = 112, 62

STYLE = """
  .paper { fill: #ffffff }  text { fill: #24292f; font: 13px sans-serif }
  .title { font-size: 16px; font-weight: bold }  .small { font-size: 11px }
  .grid { stroke: #d8dee4 }  .line { fill: none; stroke: #1d6fb8; stroke-width: 1.5 }
  .fault { fill: #c2410c; fill-opacity: 0.16 }  .begin { stroke: #c2410c }
  @media (prefers-color-scheme: dark) {
    .paper { fill: #0d1117 }  text { fill: #e6edf3 }  .grid { stroke: #30363d }
    .line { stroke: #58a6ff }  .fault { fill: #fb923c }  .begin { stroke: #fb923c }
  }
"""


def results(folder):
    names = [*SCENARIOS, "overload"]
    found = {}
    for name in names:
        path = os.path.join(folder, f"{name}.json")
        if os.path.exists(path):
            with open(path) as file:
                found[name] = json.load(file)
    return found


def violations(result):
    judges = result["judged"].values()
    if any(judge["status"] for judge in judges):
        return "**see below**"
    return "0"


def backs(result):
    """The usual and the worst time to recover."""
    times = recoveries(result)
    if None in times:
        return "not by the next fault"
    most = max(times)
    fell = sum(time > 0 for time in times)
    if not fell:
        return "goodput never fell"
    worst = f"{most} s at the most"
    return worst if fell == len(times) else f"{worst}; {len(times) - fell} of {len(times)} not felt"


def refusals(result):
    kinds = sorted(result["refusals"].items(), key=lambda kind: -kind[1])
    return ", ".join(f"{count:,} `{code}`" for code, count in kinds[:4]) or "none"


def table(found):
    yield "| fault | times | operations | violations | goodput before | time to recover | refused or unknown |"
    yield "|---|---|---|---|---|---|---|"
    for name, result in found.items():
        if name != "overload":
            about = result["about"].strip()
            yield (f"| `{name}`: {about} | {len(result['faults'])} | {result['operations']:,} | "
                   f"{violations(result)} | {result['base']:.0f}/s | {backs(result)} | "
                   f"{refusals(result)} |")


def overloads(result):
    yield ""
    yield ("| overload of | peak | offered | kept | 99 % within | turned away | "
           "largest instance | back after |")
    yield "|---|---|---|---|---|---|---|---|"
    for name, run in result["runs"].items():
        away = ", ".join(f"{count:,} `{code}`" for code, count in run["refusals"].items())
        yield (f"| {name} | {run['peak']:.0f}/s | {run['offered']:.0f}/s | {run['kept']:.0f}/s "
               f"({run['kept'] / run['peak']:.0%}) | {run['slowest']:.1f} s | {away} | "
               f"{run['rss_before_mb']:.0f} to {run['rss_most_mb']:.0f} MB | {run['back']} s |")


def curve(values, most, top):
    step = ACROSS / max(1, len(values) - 1)
    points = (f"{LEFT + step * n:.1f} {top + DOWN * (1 - value / most):.1f}"
              for n, value in enumerate(values))
    return f'<path class="line" d="M{"L".join(points)}"/>'


def panel(place, title, values, spans):
    top = TOP + place * PANEL + 24
    most = max([*values, 1])
    step = ACROSS / max(1, len(values) - 1)
    yield f'<text x="{LEFT}" y="{top - 8}">{title}</text>'
    for value in (0, most):
        y = top + DOWN * (1 - value / most)
        yield f'<path class="grid" d="M{LEFT} {y:.1f}h{ACROSS}"/>'
        yield f'<text class="small" x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{value}</text>'
    for begin, end in spans:
        x, wide = LEFT + step * begin, max(1, step * (end - begin))
        yield f'<rect class="fault" x="{x:.1f}" y="{top}" width="{wide:.1f}" height="{DOWN}"/>'
        yield f'<path class="begin" d="M{x:.1f} {top}v{DOWN}"/>'
    yield curve(values, most, top)
    for second in range(0, len(values), 10):
        yield (f'<text class="small" x="{LEFT + step * second:.1f}" y="{top + DOWN + 14}" '
               f'text-anchor="middle">{second}</text>')


def panels(found):
    for name, result in found.items():
        if name == "overload":
            for kind, run in result["runs"].items():
                yield f"overload of {kind}", run["goodput"], [run["marks"]]
        else:
            spans = [(fault["at"], fault["until"]) for fault in result["faults"]]
            yield name, result["goodput"], spans


def draw(found):
    every = list(panels(found))
    height = TOP + PANEL * len(every) + 20
    title = "Goodput in each second, while faults (shaded) last"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
        f"<title>{title}</title>", f"<style>{STYLE}</style>",
        f'<rect class="paper" width="{WIDTH}" height="{height}"/>',
        f'<text class="title" x="{LEFT}" y="28">{title}</text>',
        f'<text class="small" x="{LEFT}" y="48">holds, confirmations, payments and '
        "cancellations that were acknowledged; seconds below</text>",
    ]
    for place, each in enumerate(every):
        parts += panel(place, *each)
    return "\n".join([*parts, "</svg>", ""])


def main(folder, path):
    found = results(folder)
    lines = [*table(found), *(overloads(found["overload"]) if "overload" in found else [])]
    with open(path) as file:
        before, _, rest = file.read().partition(MARKS[0])
        after = rest.partition(MARKS[1])[2]
    with open(path, "w") as file:
        file.write("\n".join([before + MARKS[0], "", *lines, "", MARKS[1] + after]))
    with open(os.path.splitext(path)[0] + ".svg", "w") as file:
        file.write(draw(found))
