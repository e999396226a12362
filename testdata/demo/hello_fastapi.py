"""The demonstration's FastAPI application: an ordinary one, which knows next to nothing of fectl."""

import asyncio
import os
from typing import AsyncIterator

from fastapi import FastAPI, Query
from fastapi.responses import PlainTextResponse, StreamingResponse

import fectl_worker

app = FastAPI()


def whoami() -> str:
    # Under uvicorn on its own there is none.
    worker = fectl_worker.current()
    place = f"worker {worker.index + 1} of {worker.service}" if worker is not None else "a worker on its own"
    return f"{place}, pid {os.getpid()}"


@app.get("/", response_class=PlainTextResponse)
async def hello() -> str:
    return f"hello from FastAPI: {whoami()}\n"


async def count_down(seconds: int) -> AsyncIterator[str]:
    for left in range(seconds, 0, -1):
        yield f"{whoami()}: {left} s to go\n"
        await asyncio.sleep(1)
    yield "done\n"


@app.get("/slow")
async def slow(seconds: int = Query(10, ge=0, le=25)) -> StreamingResponse:
    """A line each second, /slow?seconds=10: reload or stop the service meanwhile, it is finished all the same."""
    return StreamingResponse(count_down(seconds), media_type="text/plain")
