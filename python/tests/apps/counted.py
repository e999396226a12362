"""The snippet of README.md for prometheus_client, in an application."""

import fectl_worker
from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest, multiprocess, values

worker = fectl_worker.current()
if worker is not None:
    # Before the first metric is made.
    values.ValueClass = values.MultiProcessValue(lambda: worker.slot)
    # Gauges of an earlier process of this name are no longer true; its counters go on.
    multiprocess.mark_process_dead(worker.slot)

asked = Counter("asked", "Requests")
up = Gauge("up_now", "Living processes", multiprocess_mode="livesum")
up.set(1)


async def ask(request: web.Request) -> web.Response:
    asked.inc()
    return web.Response()


async def metrics(request: web.Request) -> web.Response:
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)
    return web.Response(body=generate_latest(registry))


def make_app() -> web.Application:
    app = web.Application()
    app.router.add_get("/", ask)
    app.router.add_get("/metrics", metrics)
    return app
