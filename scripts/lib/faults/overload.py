"""Overload: the store is slowed down by the proxy, so that the generator is not what is
measured; then five times as much is asked for as can be done."""

import asyncio
import itertools
import resource
import time
import uuid
from collections import Counter
from datetime import datetime, timedelta, timezone

from plain_http import Site

# What goes to the primary, in bytes a second: a hold takes some 1.5 kB in claim, row and
# its part of the update, so that about a hundred can be made in a second.
STORE_BYTES = 150_000
# Holds offered each second until it is known how many can be made, and for how long each.
STEPS, STEP_SECONDS = (50, 100, 150, 200), 8
TIMES, OVERLOAD_SECONDS = 5, 25
# Afterwards: half of what can be done.
AFTER_SECONDS = 20
# What must be kept of the peak, how soon all is well again, and what an instance may grow by.
KEPT_SHARE, RECOVERY_SECONDS, GROWTH_MB = 0.8, 10, 300
# Seats enough for all that are granted, and for those that nobody knows the outcome of.
ROWS, ROW = [a + b for a in "ABCDEFGHIJ" for b in "ABCDEFGHIJ"], 200
# What it may say to those it turns away.
SHED = {"BOOKING_LOCK_FAILED", "SERVICE_UNAVAILABLE"}
ADMIN = [("X-User-Id", "boss"), ("X-User-Role", "admin")]


class Crowd:
    """Holds at a given rate, whether or not earlier ones were answered."""

    def __init__(self, shop, showtimes, rows):
        self.site, self.showtimes = Site(shop), itertools.cycle(showtimes)
        self.seats = {showtime: [f"{row}{seat}" for row in rows for seat in range(1, ROW + 1)]
                      for showtime in showtimes}
        self.users, self.asked = itertools.count(1), set()
        self.good, self.codes, self.late = Counter(), Counter(), []
        self.without_retry = 0

    async def offer(self, rate, seconds):
        """Holds so many a second; gives the second it began and the one it ended in."""
        loop, begin = asyncio.get_running_loop(), time.time()
        start = loop.time()
        for turn in range(int(rate * seconds)):
            await asyncio.sleep(max(0, start + turn / rate - loop.time()))
            task = asyncio.create_task(self.hold(next(self.showtimes)))
            self.asked.add(task)
            task.add_done_callback(self.asked.discard)
        return begin, time.time()

    async def hold(self, showtime):
        seat = self.seats[showtime].pop(0)
        body = {"showtime_id": showtime, "seats": [seat]}
        headers = [("X-User-Id", f"u{next(self.users)}"), ("X-Idempotency-Key", str(uuid.uuid4()))]
        began = time.time()
        try:
            answer = await self.site.call("POST", "/api/bookings/hold", body, headers)
        except (OSError, asyncio.TimeoutError) as error:
            self.codes[type(error).__name__] += 1
            return
        if answer.status == 201:
            self.good[int(time.time())] += 1
            self.late.append((began, time.time() - began))
            return
        # After anything else it may be held, for all that is known.
        if answer.status == 409:
            self.seats[showtime].append(seat)
        self.codes[f"{answer.status} {answer.code()}"] += 1
        self.without_retry += "retry-after" not in answer.headers

    def rate(self, begin, end):
        seconds = range(int(begin) + 1, int(end))
        return sum(self.good[second] for second in seconds) / max(1, len(seconds))

    def slowest(self, begin, end):
        """The 99th percentile of those granted that were asked for in that time, in s."""
        took = sorted(took for at, took in self.late if begin <= at < end)
        return took[int(0.99 * (len(took) - 1))] if took else None


async def showtime(site, rows):
    start = datetime.now(timezone.utc) + timedelta(days=1)
    at = lambda time: time.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    rows = [{"row": row, "count": ROW, "seat_type": "standard"} for row in rows]
    answer = await site.call("POST", "/api/admin/showtimes", {
        "title": "Overload", "movie_id": "m", "cinema_id": "c", "screen_id": "s",
        "currency": "VND", "start_time": at(start), "end_time": at(start + timedelta(hours=2)),
        "price": {"standard": 1, "vip": 2, "couple": 3}, "layout": {"rows": rows}}, ADMIN)
    return answer.json()["id"]


class Memory:
    """What the instances take, in MB, once a second."""

    def __init__(self, pids):
        self.pids, self.seen = pids, []

    async def watch(self):
        while True:
            self.seen.append((time.time(), max(map(rss, self.pids))))
            await asyncio.sleep(1)

    def most(self, begin, end):
        return max((mb for at, mb in self.seen if begin <= at <= end), default=0)


def rss(pid):
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024


async def measure(ground, count):
    # Every request that waits has a connection.
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    site = Site(ground.shop)
    rows = ROWS if count == 1 else ROWS[:5]
    crowd = Crowd(ground.shop, [await showtime(site, rows) for _ in range(count)], rows)
    memory = Memory(ground.pids())
    watching = asyncio.create_task(memory.watch())
    primary = ground.mongo_primary()
    ground.proxy("pace", primary, STORE_BYTES, ground.database)
    began, steps = time.time(), []
    for rate in STEPS:
        span = await crowd.offer(rate, STEP_SECONDS)
        steps.append((rate, crowd.rate(span[0] + 1, span[1]), crowd.slowest(*span)))
    peak = max(good for _, good, _ in steps)
    if crowd.asked:
        await asyncio.wait(crowd.asked)
    before = memory.most(began, time.time())
    crowd.codes.clear()
    over = await crowd.offer(TIMES * peak, OVERLOAD_SECONDS)
    # The first seconds fill the queues: what is kept shows afterwards.
    kept, slowest = crowd.rate(over[0] + 5, over[1]), crowd.slowest(over[0] + 5, over[1])
    after = await crowd.offer(peak / 2, AFTER_SECONDS)
    if crowd.asked:
        await asyncio.wait(crowd.asked)
    watching.cancel()
    ground.proxy("pace", primary, 0, ground.database)
    return {"steps": steps, "peak": peak, "offered": TIMES * peak, "kept": kept,
            "slowest": slowest, "refusals": dict(crowd.codes),
            "without_retry_after": crowd.without_retry,
            "rss_before_mb": before, "rss_most_mb": memory.most(*over),
            "back": back(crowd, peak / 2, after),
            "goodput": [crowd.good[s] for s in range(int(began), int(after[1]) + 1)],
            "marks": [over[0] - int(began), over[1] - int(began)]}


def back(crowd, rate, span):
    """In which second after the overload those who came were served within a second."""
    for second in range(AFTER_SECONDS - 1):
        begin = span[0] + second
        took = [took for at, took in crowd.late if begin <= at < begin + 1]
        if len(took) >= 0.8 * rate and max(took) < 1:
            return second
    return None


def wrong(run):
    """What is not as it must be."""
    if run["kept"] < KEPT_SHARE * run["peak"]:
        yield f"keeps {run['kept']:.0f} of {run['peak']:.0f} holds a second"
    if run["back"] is None or run["back"] > RECOVERY_SECONDS:
        yield f"is back after {run['back']} s"
    if run["rss_most_mb"] - run["rss_before_mb"] > GROWTH_MB:
        yield f"grows from {run['rss_before_mb']:.0f} to {run['rss_most_mb']:.0f} MB"
    for code in run["refusals"]:
        if code.split(" ")[-1] not in SHED:
            yield f"says {code}"
    if run["without_retry_after"]:
        yield f"says not when to come again {run['without_retry_after']} times"
    if not run["refusals"]:
        yield "turns nobody away: there was no overload"


# What is overloaded: showtimes, and flags of the instances.
KINDS = {"one showtime": (1, []),
         "the process": (40, ["--max-requests-in-flight", "150"])}


def run(ground):
    """five times as many holds as a slow store can make: at one showtime, at the process"""
    result = {"scenario": "overload", "runs": {}, "failed": []}
    for name, (count, flags) in KINDS.items():
        ground.start(f"overload-{count}", *flags)
        try:
            figures = asyncio.run(measure(ground, count))
        finally:
            ground.keep_logs(f"overload-{count}")
            ground.stop()
        result["runs"][name] = figures
        result["failed"] += [f"{name} {what}" for what in wrong(figures)]
    return result


def line(result):
    runs = [f"{name}: peak {run['peak']:.0f}/s, at {run['offered']:.0f}/s {run['kept']:.0f}/s "
            f"(99 % within {run['slowest'] or 0:.1f} s), {run['refusals']}, "
            f"{run['rss_before_mb']:.0f} to {run['rss_most_mb']:.0f} MB, back after {run['back']} s"
            for name, run in result["runs"].items()]
    return "\n  ".join(["overload:", *runs, *(f"WRONG: {what}" for what in result["failed"])])
