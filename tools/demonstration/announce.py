"""Waits until the demonstration serves and says what to try: `announce.py PID_OF_FECTLD`.

Ends by itself, at the latest when that fectld does.
"""

import json
import os
import select
import subprocess
import sys
import time

FECTL = "bazel-bin/client/fectl"
PATIENCE_SECONDS = 60
_INTERVAL_MS = 100


def status() -> dict | None:
    """What the master on the demonstration's socket says of itself; None while there is none."""
    asked = subprocess.run(
        [FECTL, "--json", "--timeout", "5", "status"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    if asked.returncode != 0:
        return None
    try:
        return json.loads(asked.stdout)
    except json.JSONDecodeError:
        return None


def serves(view: dict | None, pid: int) -> bool:
    """Whether this is our fectld (not another one, on whose socket ours has stumbled), with all services running."""
    return (
        view is not None
        and view.get("pid") == pid
        and all(service.get("state") == "running" for service in view.get("services", []))
    )


def lines(view: dict) -> list[str]:
    """The addresses, and three commands that can be pasted into another terminal."""
    services = view["services"]
    addresses = [(service["name"], socket["address"]) for service in services for socket in service["sockets"]]
    width = max(len(name) for name, _ in addresses)
    return [
        "",
        "The demonstration serves:",
        *(f"  {name:<{width}}  http://{address}/" for name, address in addresses),
        "",
        "Try in another terminal, in this folder:",
        f"  curl http://{addresses[0][1]}/",
        f"  {FECTL} status",
        f"  {FECTL} reload {addresses[0][0]}",
        "",
        "Ctrl-C ends it.",
        "",
    ]


def main(arguments: list[str]) -> int:
    pid = int(arguments[0])
    try:
        fectld = os.pidfd_open(pid)
    except ProcessLookupError:
        return 1
    waiting = select.poll()
    waiting.register(fectld, select.POLLIN)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if waiting.poll(_INTERVAL_MS):
            return 1  # fectld has ended, and has said why.
        view = status()
        if view is not None and serves(view, pid):
            print("\n".join(lines(view)), flush=True)
            return 0
    print(f"Not everything serves after {PATIENCE_SECONDS} s. See: {FECTL} status", flush=True)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
