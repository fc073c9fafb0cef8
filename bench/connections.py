"""Opens connections to an instance, and tells how much memory its process has then.

    connections.py URL PID CONNECTIONS <IDS

Reads the ids of showtimes. Each connection asks once, and stays open: for a showtime most
of them, then for each map one, and at last one for a seat of each, so that its desk has
the map too. Once the memory is known, all ask again: none was closed meanwhile. Prints the
figures as JSON, in MiB.
"""

import http.client
import json
import re
import resource
import sys
import uuid
from urllib.parse import urlsplit

# Files beside the connections.
SPARE = 100


def request_of(place, count, showtimes):
    showtime = showtimes[place % len(showtimes)]
    path = f"/api/showtimes/{showtime}"
    if place < count - 2 * len(showtimes):
        return "GET", path, None, 200
    if place < count - len(showtimes):
        return "GET", f"{path}/seats", None, 200
    return "POST", "/api/bookings/hold", json.dumps({"showtime_id": showtime, "seats": ["A1"]}), 201


def ask(connection, place, method, path, body=None, wanted=200):
    headers = {"X-User-Id": f"u{place}"}
    if body:
        headers |= {"Content-Type": "application/json", "X-Idempotency-Key": str(uuid.uuid4())}
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    said = answer.read()
    if answer.status != wanted:
        sys.exit(f"{method} {path}: {answer.status} {said[:500].decode()}")


def memory_of(pid):
    with open(f"/proc/{pid}/status") as file:
        text = file.read()
    of = dict(re.findall(r"^(VmHWM|VmRSS):\s+(\d+) kB$", text, re.M))
    return {"mib": int(of["VmRSS"]) / 1024, "peak": int(of["VmHWM"]) / 1024}


def main(url, pid, count):
    count, showtimes = int(count), sys.stdin.read().split()
    _, limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit < count + SPARE:
        sys.exit(f"only {limit} files may be open: raise the hard limit (ulimit -Hn)")
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    connections = []
    for place in range(count):
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
        connection.connect()
        # One that was closed is not to be opened again.
        connection.auto_open = 0
        ask(connection, place, *request_of(place, count, showtimes))
        connections.append(connection)
    figures = memory_of(pid)
    for place, connection in enumerate(connections):
        ask(connection, place, "GET", "/health/live")
    print(json.dumps(figures))


if __name__ == "__main__":
    main(*sys.argv[1:])
