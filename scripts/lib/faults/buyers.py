"""A hot on-sale over HTTP, and a history of what its buyers saw (docs/history.md).

Buyers hold seats of one showtime after the other, and of no other; some give them back,
most pay. Whoever is not told what became of a request repeats it with the same key, until
that is known. At the end all that is there is read, so that the history can be judged.
"""

import asyncio
import hashlib
import itertools
import json
import random
import time
import uuid
from datetime import datetime, timedelta, timezone

from plain_http import Site

ADMIN = [("X-User-Id", "boss"), ("X-User-Role", "admin")]
# Seats of a showtime: it is sold within some ten seconds, and the next one opens.
ROWS, ROW = 20, 50
# How long a buyer thinks before each turn, in seconds, at the least and at the most.
THINKS = 0.1, 0.3
# What a buyer does with a hold: shares of all. The others just keep it.
PAYS, GIVES_BACK = 0.55, 0.2
# How long a wish may take to come true: the lease of a claim after a crash (30 s), and
# what the fault itself takes.
PATIENCE_SECONDS = 90
# How long a buyer waits before asking again: each time longer.
PAUSES = (0.1, 0.2, 0.4, 0.8)
# How long everything may take to settle at the end.
SETTLE_SECONDS = 90
# Who read at the end, at the same time.
READERS = 16
# Codes after which the same request may succeed.
PASSING = {"BOOKING_LOCK_FAILED", "REQUEST_IN_PROGRESS", "RATE_LIMITED"}
LABELS = [f"{chr(65 + row)}{seat}" for row in range(ROWS) for seat in range(1, ROW + 1)]


def ms(text):
    """A time of the service, in ms since the epoch."""
    return round(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)


class History:
    """Lines of events, by one clock that does not jump."""

    def __init__(self, path):
        self.file, self.ops = open(path, "w", buffering=1), itertools.count(1)
        self.epoch = time.time() - time.monotonic()
        # The service's holds last 600 s, and are never extended beyond half an hour.
        self.add("start", at=None, format=1, tolerance_ms=1000, stale_ms=250,
                 hold_ms=600_000, extended_ms=1_800_000, seats_per_user=10)

    def now(self):
        return int((time.monotonic() + self.epoch) * 1000)

    def add(self, event, at=0, **fields):
        when = {} if at is None else {"at": at or self.now()}
        self.file.write(json.dumps({"event": event, **when, **fields}) + "\n")

    def invoke(self, call, **fields):
        op = next(self.ops)
        self.add("invoke", op=op, call=call, **fields)
        return op


class Sale:
    def __init__(self, shop, sandbox, path, buyers, seed):
        self.shop, self.sandbox, self.history = Site(shop), Site(sandbox), History(path)
        self.buyers, self.choice = buyers, random.Random(seed)
        self.users, self.showtimes, self.free = itertools.count(1), [], []
        self.opening, self.closing = asyncio.Lock(), False
        self.bookings, self.payments, self.seen = {}, {}, set()

    async def ask(self, op, site, method, path, headers, body=None):
        """The answer, written down. None: nothing is known of what became of it."""
        try:
            answer = await site.call(method, path, body, headers)
        except (OSError, asyncio.TimeoutError) as error:
            self.history.add("unknown", op=op, why=type(error).__name__)
            return None
        code = answer.code()
        if answer.status >= 500 or (answer.status >= 400 and not code):
            self.history.add("unknown", op=op, why=f"{answer.status} {code or ''}".strip())
            return None
        if answer.status >= 400:
            seats = answer.json().get("seats")
            more = {"seats": seats} if seats else {}
            self.history.add("refused", op=op, code=code, **more)
        return answer

    async def until_known(self, call, site, method, path, headers, body=None, **said):
        """Repeats a request until its outcome is known; gives the last try, and its answer."""
        end = time.monotonic() + PATIENCE_SECONDS
        for turn in itertools.count():
            op = self.history.invoke(call, **said)
            answer = await self.ask(op, site, method, path, headers, body)
            if answer and (answer.status < 400 or answer.code() not in PASSING):
                return op, answer
            if time.monotonic() > end:
                return op, None
            pause = PAUSES[min(turn, len(PAUSES) - 1)]
            await asyncio.sleep(pause * (1 + self.choice.random()))

    async def showtime(self):
        """The one that is on sale; when it is sold out, the next is opened."""
        async with self.opening:
            while not self.free:
                start = datetime.now(timezone.utc) + timedelta(days=1)
                body = {"title": "The Last Seat", "movie_id": "m", "cinema_id": "c",
                        "screen_id": "s", "currency": "VND",
                        "start_time": start.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
                        "end_time": (start + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
                        "price": {"standard": 100000, "vip": 150000, "couple": 250000},
                        "layout": {"rows": [{"row": chr(65 + row), "count": ROW,
                                             "seat_type": "standard"} for row in range(ROWS)]}}
                try:
                    answer = await self.shop.call("POST", "/api/admin/showtimes", body, ADMIN)
                except (OSError, asyncio.TimeoutError):
                    answer = None
                if answer and answer.status == 201:
                    self.showtimes.append(answer.json()["id"])
                    self.free = self.choice.sample(LABELS, len(LABELS))
                else:
                    await asyncio.sleep(0.5)
            return self.showtimes[-1]

    def wish(self):
        """Seats to ask for: mostly such as nobody else asks for just now."""
        seats = [self.free.pop() for _ in range(min(len(self.free), self.choice.choice((1, 1, 2, 3))))]
        if self.choice.random() < 0.1:
            seats.append(self.choice.choice(LABELS))
        return list(dict.fromkeys(seats))

    async def buyer(self):
        while not self.closing:
            await asyncio.sleep(self.choice.uniform(*THINKS))
            showtime = await self.showtime()
            if self.free:
                await self.turn(f"user-{next(self.users)}", showtime, self.wish())

    async def turn(self, user, showtime, seats):
        self.seen.add((user, showtime))
        key = str(uuid.UUID(int=self.choice.getrandbits(128), version=4))
        op, answer = await self.until_known(
            "hold", self.shop, "POST", "/api/bookings/hold", self.by(user, key),
            {"showtime_id": showtime, "seats": seats},
            user=user, key=key, showtime=showtime, seats=seats)
        if not answer or answer.status != 201:
            return
        held = answer.json()
        booking = held["booking_id"]
        self.bookings[booking] = user
        self.history.add("ok", op=op, booking=booking, until=ms(held["hold_expires_at"]),
                         amount=held["total_amount"], body=digest(answer))
        draw = self.choice.random()
        if draw < PAYS:
            await self.pay(user, booking)
        elif draw < PAYS + GIVES_BACK:
            await self.give_back(user, booking)
        if self.choice.random() < 0.1:
            await self.look(showtime)

    async def pay(self, user, booking):
        key = str(uuid.UUID(int=self.choice.getrandbits(128), version=4))
        op, answer = await self.until_known(
            "confirm", self.shop, "POST", f"/api/bookings/{booking}/confirm",
            self.by(user, key), {"payment_method": "card"}, user=user, key=key, booking=booking)
        if not answer or answer.status != 200:
            return
        payment = answer.json()["payment_id"]
        self.payments[payment] = booking
        self.history.add("ok", op=op, payment=payment, body=digest(answer))
        op = self.history.invoke("pay", payment=payment)
        path = f"/sandbox/payments/{payment}/decision"
        answer = await self.ask(op, self.sandbox, "POST", path, [], {"action": "pay"})
        if answer and answer.status == 200:
            self.history.add("ok", op=op)

    async def give_back(self, user, booking):
        op, answer = await self.until_known(
            "cancel", self.shop, "DELETE", f"/api/bookings/{booking}", self.by(user, None),
            user=user, booking=booking)
        if answer and answer.status == 200:
            self.history.add("ok", op=op)

    async def look(self, showtime):
        op = self.history.invoke("read_map", showtime=showtime)
        answer = await self.ask(op, self.shop, "GET", f"/api/showtimes/{showtime}/seats", [])
        if answer and answer.status == 200:
            self.history.add("ok", op=op, map=map_of(answer))

    def by(self, user, key):
        return [("X-User-Id", user), *([("X-Idempotency-Key", key)] if key else [])]

    async def run(self, stop):
        buyers = [asyncio.create_task(self.buyer()) for _ in range(self.buyers)]
        await stop.wait()
        self.closing = True
        await asyncio.gather(*buyers)
        await self.settle()
        await self.finish()

    async def fetch(self, site, path, headers=()):
        """Reads, again and again until it is answered: all is well by now."""
        end = time.monotonic() + SETTLE_SECONDS
        while True:
            try:
                answer = await site.call("GET", path, None, headers)
                if answer.status == 200:
                    return answer
                why = f"{answer.status} {answer.code()}"
            except (OSError, asyncio.TimeoutError) as error:
                why = repr(error)
            if time.monotonic() > end:
                raise RuntimeError(f"{path} cannot be read: {why}")
            await asyncio.sleep(PAUSES[0])

    async def books(self):
        ledger = await self.fetch(self.sandbox, "/sandbox/ledger")
        return {row["payment_id"]: row for row in ledger.json()["payments"]}

    async def settle(self):
        """Waits until all that was paid is sold or given back: `verify` tells."""
        end = time.monotonic() + SETTLE_SECONDS
        while time.monotonic() < end:
            try:
                await self.shop.call("POST", "/api/admin/reconcile", None, ADMIN)
                answer = await self.shop.call("GET", "/api/admin/verify", None, ADMIN)
                checks = answer.json().get("checks", [])
                if answer.status == 200 and all(check["in_flight"] == 0 for check in checks):
                    return
            except (OSError, asyncio.TimeoutError):
                pass
            await asyncio.sleep(1)

    async def finish(self):
        """Reads all that is there."""
        wished = sorted(self.seen)
        await asyncio.gather(*(self.finish_users(wished[n::READERS]) for n in range(READERS)))
        for showtime in self.showtimes:
            answer = await self.fetch(self.shop, f"/api/showtimes/{showtime}/seats")
            self.history.add("final", of="map", showtime=showtime, **map_of(answer))
        for payment, row in (await self.books()).items():
            more = {"booking": self.payments[payment]} if payment in self.payments else {}
            self.history.add("final", of="payment", payment=payment, charged=row["charged"],
                             refunded=row["refunded"], **more)

    async def finish_users(self, wished):
        for user, showtime in wished:
            path = f"/api/bookings?showtime_id={showtime}&limit=100"
            answer = await self.fetch(self.shop, path, self.by(user, None))
            for row in answer.json()["data"]:
                await self.finish_booking(user, row["id"])
            self.history.add("final", of="bookings_of", user=user, showtime=showtime)

    async def finish_booking(self, user, booking):
        answer = await self.fetch(self.shop, f"/api/bookings/{booking}", self.by(user, None))
        row = answer.json()
        more = {"until": ms(row["hold_expires_at"])} if row["status"] == "pending" else {}
        self.history.add("final", of="booking", booking=booking, user=user,
                         showtime=row["showtime_id"], amount=row["final_amount"],
                         status=row["status"], seats=[seat["seat_id"] for seat in row["seats"]],
                         **more)


def digest(answer):
    return hashlib.sha256(answer.body).hexdigest()[:16]


def map_of(answer):
    said = answer.json()
    taken = {label: seat["status"] for label, seat in said["seats"].items()
             if seat["status"] != "available"}
    return {"version": said["version"], "total": len(said["seats"]),
            "available": said["available_seats"], "taken": taken}
