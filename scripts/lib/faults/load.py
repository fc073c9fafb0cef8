"""Buyers until SIGTERM; then all settles, and what is there is written down.

    load.py SHOP SANDBOX HISTORY BUYERS SEED
"""

import asyncio
import signal
import sys

from buyers import Sale


async def main(shop, sandbox, path, buyers, seed):
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await Sale(shop, sandbox, path, int(buyers), int(seed)).run(stop)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
