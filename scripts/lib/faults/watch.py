"""What a history tells while it is being written, and afterwards."""

import json
import threading
import time
from collections import Counter

# What counts as goodput: what buyers came for.
GOOD = {"hold", "confirm", "pay", "cancel"}


class Watch:
    """Follows a history; all times in seconds since the epoch, as its writer's."""

    def __init__(self, path):
        self.path, self.calls, self.by_second = path, {}, Counter()
        self.good = self.operations = self.unknown = 0
        self.refusals, self.stopped = Counter(), threading.Event()
        self.thread = threading.Thread(target=self.follow, daemon=True)
        self.thread.start()

    def follow(self):
        rest = b""
        with open(self.path, "rb") as file:
            while True:
                stopping = self.stopped.is_set()
                got = file.read(1 << 20)
                *lines, rest = (rest + got).split(b"\n")
                for line in lines:
                    self.take(json.loads(line))
                if not got:
                    if stopping:
                        return
                    time.sleep(0.02)

    def take(self, event):
        kind, op = event["event"], event.get("op")
        if kind == "invoke":
            self.operations += 1
            self.calls[op] = event["call"]
        elif kind == "ok" and self.calls.get(op) in GOOD:
            self.good += 1
            self.by_second[event["at"] // 1000] += 1
        elif kind == "refused":
            self.refusals[event["code"]] += 1
        elif kind == "unknown":
            self.unknown += 1
            self.refusals[event["why"]] += 1

    def rate(self, begin, end):
        """Goodput in the whole seconds from begin to end."""
        seconds = range(int(begin), int(end))
        return sum(self.by_second[second] for second in seconds) / max(1, len(seconds))

    def stop(self):
        self.stopped.set()
        self.thread.join()


def recovery(result, number):
    """In which second after a fault goodput was back at 80 % of what it was before, once it
    fell below that. 0: it did not, within three seconds. None: not before the next fault."""
    goodput, faults = result["goodput"], result["faults"]
    at = faults[number]["at"]
    # The last second of all is not a whole one.
    end = faults[number + 1]["at"] if number + 1 < len(faults) else len(goodput) - 1
    good = [value >= 0.8 * result["base"] for value in goodput]
    seconds = range(int(at) + 1, int(end))
    fell = next((second for second in seconds[:3] if not good[second]), None)
    if fell is None:
        return 0
    back = next((second for second in range(fell + 1, int(end)) if good[second]), None)
    return None if back is None else back - int(at)


def recoveries(result):
    return [recovery(result, number) for number in range(len(result["faults"]))]
