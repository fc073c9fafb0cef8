"""The faults, one scenario a function: each waits for what follows, not for time."""

import random
import time

from ground import INSTANCES, LOCK_TTL_MS, NODES, script, until

# How often, in all and in the short form.
OFTEN = {}
SCENARIOS = {}


def scenario(times, short=None):
    def known(function):
        name = function.__name__.replace("_", "-")
        SCENARIOS[name], OFTEN[name] = function, (times, short or times)
        return function
    return known


@scenario(times=12, short=2)
def instances_killed(sale, times):
    """kill -9 an instance, at random; it is started again once the others went on"""
    choice = random.Random(6)
    for _ in range(times):
        number = choice.randint(1, INSTANCES)
        with sale.fault("instance killed"):
            script("cluster", "kill", str(number))
            sale.goes_on(40)
            script("cluster", "start", str(number))
            sale.recovers()


@scenario(times=2, short=1)
def mongo_killed(sale, times):
    """kill -9 the MongoDB primary; it comes back as a secondary"""
    for _ in range(times):
        primary = sale.ground.mongo_primary()
        with sale.fault("primary killed"):
            script("services", "kill", primary)
            until("another primary", lambda: sale.ground.mongo_primary(but=primary))
            sale.recovers()
        script("services", "start", primary)
        until("the set is whole", sale.ground.mongo_is_whole)


@scenario(times=2)
def mongo_paused(sale, times):
    """SIGSTOP the MongoDB primary until another serves; then SIGCONT"""
    for _ in range(times):
        primary = sale.ground.mongo_primary()
        with sale.fault("primary paused"):
            script("services", "pause", primary)
            until("another primary", lambda: sale.ground.mongo_primary(but=primary))
            sale.recovers()
        script("services", "resume", primary)
        until("the set is whole", sale.ground.mongo_is_whole)


@scenario(times=2)
def mongo_cut_off(sale, times):
    """nothing reaches the MongoDB primary any more, nor is answered, without a word"""
    for _ in range(times):
        primary = sale.ground.mongo_primary()
        with sale.fault("primary cut off"):
            sale.ground.proxy("stall", primary)
            until("another primary", lambda: sale.ground.mongo_primary(but=primary))
            sale.recovers()
        sale.ground.proxy("open", primary)
        until("the set is whole", sale.ground.mongo_is_whole)


# What is lost on the way to MongoDB and back: command and collection.
LOST = [("update", "showtimes"), ("insert", "idempotency_keys"), ("insert", "bookings"),
        ("update", "bookings"), ("insert", "payments"), ("update", "payments"),
        ("findAndModify", "webhook_events"), ("update", "webhook_events")]


@scenario(times=5, short=1)
def replies_lost(sale, times):
    """requests to MongoDB, and replies of it, are lost on the way and the connection is cut"""
    for _ in range(times):
        for command, collection in LOST:
            for loss in ("answer", "request"):
                strike(sale, loss, command, collection)


def strike(sale, loss, command, collection):
    primary = sale.ground.mongo_primary()
    lost = lambda: int(sale.ground.proxy("status", primary)["lost"])
    before = lost()
    with sale.fault(f"{loss} lost"):
        sale.ground.proxy("lose", primary, loss, command, collection, 1)
        until(f"{command} on {collection} was lost", lambda: lost() > before)
        sale.goes_on(10)


@scenario(times=5)
def owner_paused(sale, times):
    """SIGSTOP the instance that has the lock, until after its lock has run out"""
    for turn in range(times):
        number = pause_the_owner(sale, first=turn)
        with sale.fault("owner paused"):
            # This is the fault itself: as long as the lock lasts, and a second more.
            time.sleep(LOCK_TTL_MS / 1000 + 1)
            sale.ground.instance(number, "SIGCONT")
            sale.recovers()


def pause_the_owner(sale, first):
    """Pauses one instance after the other, until the one that has the lock is paused: then
    the lock stays as it is."""
    for turn in range(first, first + 200):
        number = turn % INSTANCES + 1
        sale.ground.instance(number, "SIGSTOP")
        key = next(iter(sale.ground.ask_redis("KEYS", "lock:booking:showtime:{*}")), None)
        owner = key and sale.ground.ask_redis("GET", key)
        if owner and all(sale.ground.ask_redis("GET", key) == owner for _ in range(60)):
            return number
        sale.ground.instance(number, "SIGCONT")
        sale.goes_on(3)
    raise RuntimeError("no owner was met")


@scenario(times=2)
def redis_killed(sale, times):
    """kill -9 the Redis primary; the Sentinels make the replica the primary"""
    for _ in range(times):
        primary = sale.ground.redis_primary()
        with sale.fault("Redis primary killed"):
            script("services", "kill", primary)
            until("another primary", lambda: sale.ground.redis_primary() != primary)
            sale.recovers()
        script("services", "start", primary)
        until("the replica follows", sale.ground.redis_is_whole)


@scenario(times=2)
def redis_paused(sale, times):
    """SIGSTOP the Redis primary until the Sentinels have left it; then SIGCONT"""
    for _ in range(times):
        primary = sale.ground.redis_primary()
        with sale.fault("Redis primary paused"):
            script("services", "pause", primary)
            until("another primary", lambda: sale.ground.redis_primary() != primary)
            sale.recovers()
        script("services", "resume", primary)
        until("the replica follows", sale.ground.redis_is_whole)


@scenario(times=30, short=10)
def redis_flushed(sale, times):
    """FLUSHALL: every lock, queue and message is gone"""
    for _ in range(times):
        with sale.fault("Redis flushed"):
            sale.ground.ask_redis("FLUSHALL")
            sale.goes_on(40)


@scenario(times=4, short=1)
def redis_failed_over(sale, times):
    """the Sentinels are told to fail over, while both nodes are up"""
    for _ in range(times):
        primary = sale.ground.redis_primary()
        with sale.fault("Redis failed over"):
            until("the order is taken",
                  lambda: sale.ground.ask_sentinel("sentinel-1", "FAILOVER") == "OK")
            until("another primary", lambda: sale.ground.redis_primary() != primary)
            sale.recovers()
        until("the replica follows", sale.ground.redis_is_whole)


@scenario(times=1)
def redis_gone(sale, times):
    """kill -9 both nodes of Redis: all goes on by the version alone"""
    for _ in range(times):
        primary = sale.ground.redis_primary()
        replica = next(node for node in NODES if node != primary)
        with sale.fault("Redis gone"):
            for node in (replica, primary):
                script("services", "kill", node)
            sale.goes_on(500)
            for node in (primary, replica):
                script("services", "start", node)
            sale.goes_on(200)
        until("the replica follows", sale.ground.redis_is_whole)
