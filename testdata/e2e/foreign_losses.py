"""How many requests servers of other projects lose in reloads, which fectl-run(1) tells: four reloads of two workers
under load, once with 12 clients that ask again at once, once with 30 that think up to 50 ms between two requests.
Lost is a request that was sent and not answered, and a connection that was refused; an end of a connection that the
client sees before its next request is not.

By hand, with fectld, fectl and fectl-run built: foreign_losses.py [KIND]...
"""

import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).absolute().parents[2]))

from testdata.e2e.foreign_programs import KINDS, configured  # noqa: E402
from testdata.e2e.harness import Place  # noqa: E402
from testdata.e2e.http_requests import free_port  # noqa: E402
from testdata.e2e.load import Load, Tally  # noqa: E402
from testdata.e2e.processes import adopt_orphans, wait_until  # noqa: E402

_RELOADS = 4


def _under_load(name: str, **clients: int) -> Tally:
    found = Place()
    try:
        port = free_port()
        master = found.start(configured(found, name, port, num=2, stdout="out.log", stderr="out.log"))
        master.wait_running("web", 2)
        with Load(port, **{"busy": 0, "thinking": 0, "single": 0, **clients}, lenient=True) as load:
            for _ in range(_RELOADS):
                enough = load.tally.answered + 1500
                wait_until(lambda: load.tally.answered > enough, "some answers between two reloads")
                master.fectl_ok("reload", "web")
                wait_until(lambda: "leaving" not in master.fectl_ok("status", "web"), "the old workers have left")
            return load.stop()
    finally:
        found.tear_down()


def main() -> int:
    adopt_orphans()
    for name in sys.argv[1:] or KINDS:
        began = time.monotonic()
        for words, clients in (("12 busy", {"busy": 12}), ("30 thinking", {"thinking": 30})):
            tally = _under_load(name, **clients)
            print(f"RESULT {name}: {words}: {tally.failed} of {tally.answered + tally.failed} lost, "
                  f"{tally.announced_ends} ends announced, {tally.seen_ends} seen "
                  f"({time.monotonic() - began:.0f} s) {tally.failures[:1]}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
