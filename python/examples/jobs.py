"""A program with its own main loop and no socket: works on files that appear in a folder."""

import os
import select
import sys

import fectl_worker


def next_job(inbox: str) -> str | None:
    jobs = sorted(name for name in os.listdir(inbox) if name.endswith(".job"))
    return os.path.join(inbox, jobs[0]) if jobs else None


def work_on(job: str) -> None:
    os.rename(job, job.removesuffix(".job") + ".done")


def main(inbox: str) -> int:
    worker = fectl_worker.Worker.from_environment()
    if not worker.managed:
        print("not started by fectld; working until Ctrl-C", file=sys.stderr)
    if not os.path.isdir(inbox):
        worker.config_error(f"{inbox} is no folder")
        return fectl_worker.EXIT_INIT_FAILED
    worker.loaded()
    finished = 0
    poller = select.poll()
    if worker.managed:
        poller.register(worker.poll_fd, select.POLLIN)
    while worker.state != "stopping":
        # Between two jobs is the moment for the master's commands, and for the heartbeat.
        worker.dispatch()
        job = next_job(inbox) if worker.state == "serving" or not worker.managed else None
        if job is not None:
            work_on(job)
            finished += 1
            worker.set_gauge("finished", finished)
            continue
        # Half a second until the folder is looked at again, or less if the master speaks or wants to hear.
        timeout = worker.timeout()
        poller.poll(min(0.5, timeout if timeout is not None else 0.5) * 1000)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
