"""Tells from the metrics of instances what they have served: answers to holds by status,
each instance's share of them, and the mean batch. Fails if a hold was answered otherwise
than by 201 or 409.

    served.py URL...
"""

import re
import sys
import urllib.request

HOLDS = re.compile(r'^http_requests_total\{(?=.*route="/api/bookings/hold").*status="(\d+)".*\} (\d+)$', re.M)
BATCHES = re.compile(r"^seathold_batch_size_(sum|count) ([\d.e+]+)$", re.M)


def main(urls):
    statuses, shares, batches = {}, [], {"sum": 0.0, "count": 0.0}
    for url in urls:
        with urllib.request.urlopen(f"{url}/metrics", timeout=10) as answer:
            text = answer.read().decode()
        holds = [(status, int(count)) for status, count in HOLDS.findall(text)]
        shares.append(sum(count for _, count in holds))
        for status, count in holds:
            statuses[status] = statuses.get(status, 0) + count
        for what, value in BATCHES.findall(text):
            batches[what] += float(value)
    if not sum(shares):
        return
    print("holds by status:", ", ".join(f"{s}: {n:,}" for s, n in sorted(statuses.items())))
    if len(urls) > 1:
        print("share of each:", ", ".join(f"{n / sum(shares):.1%}" for n in shares))
    if batches["count"]:
        print(f"batches: {batches['count']:,.0f}, of {batches['sum'] / batches['count']:.1f} on average")
    if set(statuses) - {"201", "409"}:
        sys.exit("a hold was answered otherwise than by 201 or 409")


if __name__ == "__main__":
    main(sys.argv[1:])
