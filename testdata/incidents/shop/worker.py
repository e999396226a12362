"""A worker with its own loop that hangs in the function that its argument names, once the file `hang` is there.

Where it was there before it never hangs.
"""

import asyncio
import os
import select
import sys

import fectl_worker

from shop import db

HANGS = not os.path.exists("hang")


def due() -> bool:
    return HANGS and os.path.exists("hang")


def serve(worker: fectl_worker.Worker, how: str) -> None:
    while worker.state != "stopping":
        select.select([worker.poll_fd], [], [], 0.02)
        if due():
            db.HANGS[how]()
        worker.dispatch()


async def serve_in_task(worker: fectl_worker.Worker) -> None:
    """Its heart beats in a task, which hangs while the loop goes on."""
    others = [asyncio.create_task(idle(), name=f"idle-{number}") for number in range(3)]
    while worker.state != "stopping":
        worker.dispatch()
        await asyncio.sleep(0.02)
        if due():
            await db.ask()
    for other in others:
        other.cancel()


async def idle() -> None:
    await asyncio.sleep(3600)


def main() -> None:
    worker = fectl_worker.Worker.from_environment()
    worker.loaded()
    print("about to serve", file=sys.stderr, flush=True)
    how = sys.argv[1]
    if how == "ask":
        asyncio.run(serve_in_task(worker))
    else:
        serve(worker, how)


if __name__ == "__main__":
    main()
