"""Where the machine's time goes: the rows of that table, from what bench/costs.py has seen."""

from statistics import median

# Process, and its column.
PROCESSES = [("instance", "seathold"), ("mongo", "MongoDB"), ("redis", "Redis"),
             ("balancer", "balancer"), ("load", "wrk")]
HEAD = ["µs of CPU per answer", *(title for _, title in PROCESSES), "rest", "idle",
        "requests to MongoDB per answer", "holds per batch"]
SCENARIOS = [
    ("hot", "hot"), ("spread", "spread"), ("stadium", "stadium"), ("storm", "storm"),
    ("map", "map"), ("unchanged", "map, 304"), ("embedded", "embedded"),
    ("three-hot", "three instances: hot"), ("three-spread", "three instances: spread"),
    ("lone", "lone"),
    *((f"growth-{seats}", f"growth: {seats:,} seats") for seats in (200, 2000, 20000, 60000)),
    ("observed", "observed"), ("unobserved", "unobserved"),
]


def micros_of(run, process):
    return run["seconds_of"].get(process, 0) / run["answers"] * 1e6


def rest_of(run):
    """The kernel's work for nobody in particular, and other programs."""
    return (run["of_all"] - sum(run["seconds_of"].values())) / run["answers"] * 1e6


def said(micros):
    return f"{micros:,.1f}" if micros >= 0.05 else "–"


def cells_of(runs):
    for process, _ in PROCESSES:
        yield said(median(micros_of(run, process) for run in runs))
    yield said(median(map(rest_of, runs)))
    yield f"{median(run['idle'] for run in runs):.0%}"
    requests = median(run["requests"] / run["answers"] for run in runs)
    yield f"{requests:.3f}" if requests else "–"
    batches = [run["batched"] / run["batches"] for run in runs if run["batches"]]
    yield f"{median(batches):.1f}" if batches else "–"


def rows(figures):
    measured = [(title, figures.runs(name)) for name, title in SCENARIOS]
    return [[title, *cells_of(runs)] if runs else [title] for title, runs in measured]
