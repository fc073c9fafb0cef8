"""Repeats the callbacks of payments that are done with, so many times a second.

    callbacks.py RATE SECONDS FILE

buys a seat by each provider at $BASE_URL, from the sandbox at $SANDBOX_URL, and sends the
shop the messages with which it was told so, in turn, at a steady pace. How many were
taken, per second, goes to FILE; exits with 1 unless all were. Little work for the machine,
which is that of the instances as well.
"""

import collections
import json
import os
import selectors
import socket
import sys
import time
import urllib.parse
import urllib.request
import uuid

RATE, SECONDS, FILE = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
BASE, SANDBOX = os.environ["BASE_URL"], os.environ["SANDBOX_URL"]
METHODS = ("momo", "vnpay", "zalopay", "card")
# More than are under way at once, if answers take a tenth of a second.
CONNECTIONS = 100
# What a provider takes for an answer that it need not repeat.
TAKEN = {
    "momo": lambda status, body: status == 204,
    "vnpay": lambda status, body: json.loads(body)["RspCode"] in ("00", "02"),
    "zalopay": lambda status, body: json.loads(body)["return_code"] in (1, 2),
    "card": lambda status, body: status == 200,
}


def ask(url, body=None, user="storm", **headers):
    headers |= {"X-User-Id": user, "Content-Type": "application/json", "X-Idempotency-Key": str(uuid.uuid4())}
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=20) as answer:
        return answer.read()


def showtime():
    day, hour = 86400, 3600
    stamp = lambda ahead: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + ahead))
    rows = [{"row": "A", "count": len(METHODS), "seat_type": "standard"}]
    return json.loads(ask(f"{BASE}/api/admin/showtimes", {
        "title": "Storm", "movie_id": "storm", "cinema_id": "storm", "screen_id": "storm",
        "start_time": stamp(day), "end_time": stamp(day + hour), "currency": "VND",
        "price": {"standard": 100000, "vip": 150000, "couple": 250000}, "layout": {"rows": rows},
    }, **{"X-User-Role": "admin"}))["id"]


def callback(hall, method, seat):
    """Buys the seat; gives the request with which the provider said so, as bytes."""
    booking = json.loads(ask(f"{BASE}/api/bookings/hold", {"showtime_id": hall, "seats": [seat]}))["booking_id"]
    session = json.loads(ask(f"{BASE}/api/bookings/{booking}/confirm", {"payment_method": method}))
    if method == "vnpay":
        ask(session["payment_url"])
    payment = f"{SANDBOX}/sandbox/payments/{session['payment_id']}"
    ask(f"{payment}/decision", {"action": "pay"})
    told = [message for message in json.loads(ask(f"{payment}/messages")) if message["to"] == "shop"]
    request = told[-1]["request"]
    url = request["url"] if method == "vnpay" else f"{BASE}/api/payments/webhook/{method}"
    head, body = [], b""
    if method == "card":
        head.append(f"X-Signature: {request['X-Signature']}")
        request = request["body"]
    if method != "vnpay":
        # As it was sent: what is signed as it stands has no spaces.
        body = json.dumps(request, separators=(",", ":"), ensure_ascii=False).encode()
        head += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    parts = urllib.parse.urlsplit(url)
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    verb = "GET" if method == "vnpay" else "POST"
    lines = [f"{verb} {path} HTTP/1.1", f"Host: {parts.netloc}", *head, "", ""]
    return "\r\n".join(lines).encode() + body


class Connection:
    def __init__(self, selector):
        parts = urllib.parse.urlsplit(BASE)
        self.socket = socket.create_connection((parts.hostname, parts.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(self.socket, selectors.EVENT_READ, self)

    def send(self, method, request):
        self.method, self.heard = method, b""
        self.socket.sendall(request)

    def answer(self):
        """The status and body, once all of them are there."""
        heard = self.socket.recv(65536)
        if not heard:
            raise ConnectionError("the shop has hung up")
        self.heard += heard
        head, end, body = self.heard.partition(b"\r\n\r\n")
        if not end:
            return None
        length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        return (int(head[9:12]), body) if len(body) >= int(length or 0) else None


def storm(requests):
    """Sends them at the pace; gives how many were taken, and what else was said."""
    selector = selectors.DefaultSelector()
    idle = collections.deque(Connection(selector) for _ in range(CONNECTIONS))
    wanted, sent, taken, others = RATE * SECONDS, 0, 0, collections.Counter()
    began = time.monotonic()
    while taken + others.total() < wanted:
        now = time.monotonic() - began
        while idle and sent < min(wanted, now * RATE):
            idle.popleft().send(*requests[sent % len(requests)])
            sent += 1
        ahead = (sent + 1) / RATE - (time.monotonic() - began)
        for key, _ in selector.select(max(0, ahead) if idle and sent < wanted else 20):
            answer = key.data.answer()
            if answer is None:
                continue
            idle.append(key.data)
            if TAKEN[key.data.method](*answer):
                taken += 1
            else:
                others[f"{key.data.method}: {answer[0]} {answer[1][:200]!r}"] += 1
    return taken, others, time.monotonic() - began


hall = showtime()
requests = [(method, callback(hall, method, f"A{i + 1}")) for i, method in enumerate(METHODS)]
print("callbacks: ready", flush=True)
taken, others, seconds = storm(requests)
with open(FILE, "w") as file:
    json.dump({"callbacks": taken, "callbacks_per_second": round(taken / seconds), "cpu": time.process_time()}, file)
for what, count in others.items():
    print(f"{count} times {what}")
sys.exit(bool(others))
