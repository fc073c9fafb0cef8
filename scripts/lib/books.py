"""Compares the sandbox's books with the ledger of `seathold verify`, to the unit.

    books.py PAYMENTS SANDBOX_LEDGER VERIFY

says what went wrong on the way and how late money ended, and exits with 1 unless, for each
provider and in all, what was charged is what is sold and what was refunded.
"""

import collections
import json
import math
import re
import sys

wanted = int(sys.argv[1])
with open(sys.argv[2]) as file:
    sandbox = json.load(file)
with open(sys.argv[3]) as file:
    verify = file.read()

failures = []


def expect(holds, otherwise):
    if not holds:
        failures.append(otherwise)


def sums(amounts):
    amounts = [amount for amount in amounts if amount]
    return len(amounts), sum(amounts)


def a_tenth(of):
    """The least that a tenth is by chance: less is once in three million."""
    return max(1, 0.1 * of - 5 * math.sqrt(0.1 * 0.9 * of))


def show(name, *pairs):
    print(f"   {name:<26}" + "".join(f"{f'{count}: {amount}':>24}" for count, amount in pairs))


rows = sandbox["payments"]
paid = [row for row in rows if row["charged"]]
expect(len(paid) >= wanted, f"only {len(paid)} payments were made, not {wanted}")

tally = sandbox["callbacks"]
print("\n   what the providers did to callbacks")
for what in ("due", "dropped", "duplicated", "reordered", "delayed"):
    print(f"   {what:<26}{tally[what]:>24}{tally[what] / tally['due']:>12.1%}")
    expect(what == "due" or tally[what] >= a_tenth(tally["due"]), f"too few were {what}")
lost = tally["sent"] - tally["taken"]
for what, count in (("sent", tally["sent"]), ("of them not taken", lost)):
    print(f"   {what:<26}{count:>24}")
late = tally["late_payments"]
print(f"   {'payments made late':<26}{late:>24}{late / len(paid):>12.1%}")
expect(late >= a_tenth(len(paid)), "too few payments were late")
expect(tally["waiting"] == 0, "the providers are not at rest")


def after_the_end(row, event):
    return row["expires_at"] and row[event] and row[event] > row["expires_at"]


print(f"\n   {'after the end of the hold':<26}{'charged':>24}{'= seats taken back':>24}{'+ refunded':>24}")
late_paid = [row for row in paid if after_the_end(row, "paid_at")]
late_told = [
    row for row in paid if after_the_end(row, "told_at") and not after_the_end(row, "paid_at")
]
unheard = [row for row in paid if not row["told_at"]]
for name, some in (("paid", late_paid), ("paid before, told", late_told), ("paid, and never told", unheard)):
    kept = sums(row["charged"] - row["refunded"] for row in some)
    gone = sums(row["refunded"] for row in some)
    show(name, sums(row["charged"] for row in some), kept, gone)
late_ones = late_paid + late_told
expect(any(not row["refunded"] for row in late_ones), "nobody got their seats back")
expect(any(row["refunded"] for row in late_ones), "no late money went back")

for row in rows:
    whole = row["refunded"] in (0, row["charged"])
    expect(whole, f"{row['payment_id']}: {row['refunded']} of {row['charged']} was given back")
strays = sandbox["refunds_of_forgotten"]["count"]
expect(strays == 0, f"{strays} refunds are of no payment the providers know")

pattern = re.compile(r"^   (\w+ [A-Z]{3}) +" + r" +".join([r"(\d+): (-?\d+)"] * 4) + "$", re.MULTILINE)
ours = {match[1]: [int(n) for n in match.groups()[1:]] for match in pattern.finditer(verify)}
theirs = collections.defaultdict(list)
for row in paid:
    for name in (f"{row['method']} {row['currency']}", f"all {row['currency']}"):
        theirs[name].append(row)
print(f"\n   {'the books of the providers':<26}{'charged':>24}{'- refunded':>24}{'= sold':>24}")
for name in sorted(theirs, key=lambda name: (name.startswith("all"), name)):
    some = theirs[name]
    charged, refunded = (sums(row[part] for row in some) for part in ("charged", "refunded"))
    sold = charged[0] - refunded[0], charged[1] - refunded[1]
    show(name, charged, refunded, sold)
    told = [*charged, *sold, *refunded, 0, 0]
    expect(ours.get(name) == told, f"{name}: verify says {ours.get(name)}, the provider {told}")
expect(set(ours) == set(theirs), f"verify knows {sorted(ours)}, the providers {sorted(theirs)}")

for failure in failures[:20]:
    print(f"!  {failure}")
agree = "charges = sold + refunded, to the unit" if not failures else f"NOT so: {len(failures)} findings"
print(f"\n   {agree}")
sys.exit(bool(failures))
