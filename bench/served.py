"""What instances say of themselves at /metrics.

    served.py URL...     answers to holds by status, each instance's share of them, and the
                         mean batch; fails if a hold was answered otherwise than by 201 or 409
"""

import re
import sys
import urllib.request

HOLDS = re.compile(r'^http_requests_total\{(?=.*route="/api/bookings/hold").*status="(\d+)".*\} (\d+)$', re.M)
BATCHES = re.compile(r"^seathold_batch_size_(sum|count) ([\d.e+]+)$", re.M)


def read(url):
    """Answers to holds by status, and the sum and count of batches."""
    with urllib.request.urlopen(f"{url}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    statuses = {}
    for status, count in HOLDS.findall(text):
        statuses[status] = statuses.get(status, 0) + int(count)
    batches = {what: float(value) for what, value in BATCHES.findall(text)}
    return statuses, batches.get("sum", 0.0), batches.get("count", 0.0)


def main(urls):
    instances = [read(url) for url in urls]
    shares = [sum(statuses.values()) for statuses, _, _ in instances]
    if not sum(shares):
        return
    statuses = {}
    for of_one, _, _ in instances:
        for status, count in of_one.items():
            statuses[status] = statuses.get(status, 0) + count
    print("holds by status:", ", ".join(f"{s}: {n:,}" for s, n in sorted(statuses.items())))
    if len(urls) > 1:
        print("share of each:", ", ".join(f"{n / sum(shares):.1%}" for n in shares))
    batches = sum(count for _, _, count in instances)
    if batches:
        size = sum(total for _, total, _ in instances) / batches
        print(f"batches: {batches:,.0f}, of {size:.1f} on average")
    if set(statuses) - {"201", "409"}:
        sys.exit("a hold was answered otherwise than by 201 or 409")


if __name__ == "__main__":
    main(sys.argv[1:])
