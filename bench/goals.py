"""What counts besides speed: a title, the figure and the goal of each, or the title only."""

from statistics import median

from costs_table import micros_of
from figures import spoken

SMALL, MIDDLE, LARGE = "growth-200", "growth-2000", "growth-60000"


def growth_row(figures, title, goal, small, values):
    """How many times more a hold takes in the largest hall than in a small one."""
    if not (figures.runs(small) and figures.runs(LARGE)):
        return [title]
    low, high = (median(map(values, figures.runs(name))) for name in (small, LARGE))
    return [title, f"{high / low:.2f} times: {low:,.0f} → {high:,.0f} µs", goal]


def cpu_of(run):
    return sum(micros_of(run, process) for process in ("instance", "mongo", "redis"))


def growth_rows(figures):
    cpu = "growth: a hold of 60,000 seats against one of 200, CPU of seathold and stores"
    return [
        growth_row(figures, cpu, "≤ 2.5", SMALL, cpu_of),
        growth_row(figures, "the same, against one of 2,000: there batches are as large", "–",
                   MIDDLE, cpu_of),
        growth_row(figures, "against one of 200, time", "–", SMALL, lambda run: 1e6 / run["rate"]),
    ]


def memory_row(figures):
    title = "memory: 1,000 maps of 2,000 seats, 10,000 connections"
    if not figures.runs("memory"):
        return [title]
    now, peak = (figures.median("memory", key) for key in ("mib", "peak"))
    return [title, f"{now:,.0f} MiB, {peak:,.0f} at the most", "≤ 512 MiB"]


def observed_row(figures):
    title = "logs and a reader of metrics: hot with them against without"
    on, off = figures.runs("observed"), figures.runs("unobserved")
    if not (on and off):
        return [title]
    rate_on, rate_off = figures.median("observed"), figures.median("unobserved")
    cpu_on, cpu_off = (median(micros_of(run, "instance") for run in runs) for runs in (on, off))
    return [title, f"{1 - rate_on / rate_off:.1%} less: {rate_on:,.0f} against {rate_off:,.0f} "
            f"holds/s; CPU of seathold {cpu_on:.1f} against {cpu_off:.1f} µs", "≤ 5 % less"]


def million_row(figures):
    title = "embedded store alone: holds in all, the first part against the last"
    runs = figures.runs("million")
    if not runs:
        return [title]
    first, last = runs[0], runs[-1]
    figure = (f"{last['holds']:,} holds: {first['rate']:,.0f} → {last['rate']:,.0f} holds/s; "
              f"{last['mib']:,.0f} MB")
    return [title, figure, "does not fall"]


def apart(run):
    """By how much the least busy instance stays behind the busiest."""
    return 1 - min(run["shares"]) / max(run["shares"])


def share_row(figures, name, title):
    runs = figures.runs(name)
    if not runs:
        return [title]
    values = [100 * apart(run) for run in runs]
    return [title, f"{spoken(values, '%')} less", "≤ 10 %"]


def goal_rows(figures):
    share = "three instances, {}: holds of the least busy against the busiest"
    return [
        *growth_rows(figures),
        memory_row(figures),
        observed_row(figures),
        million_row(figures),
        share_row(figures, "three-hot", share.format("hot")),
        share_row(figures, "three-spread", share.format("spread")),
    ]
