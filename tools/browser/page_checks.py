"""The page of fectl-http in Chromium, which playwright steers. Run by tools/browser/check."""

import os
import pathlib
import signal
import subprocess

from testdata.e2e.conftest import place  # noqa: F401  pylint: disable=unused-import
from testdata.e2e.harness import Master, Place
from testdata.e2e.http_requests import free_port
from testdata.http.lookers import SERVICE, start

STEPS = pathlib.Path(__file__).absolute().with_name("page.js")


def _browse(port: int, step: str, *arguments: object, during: object = None) -> None:
    """Runs one function of page.js. Where it says "now", `during` is done."""
    words = ["node", str(STEPS), step, f"http://127.0.0.1:{port}/", *map(str, arguments)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True) as node:
        assert node.stdout is not None and node.stdin is not None
        said = ""
        for line in node.stdout:
            said += line
            if line == "now\n" and callable(during):
                during()
                node.stdin.write("done\n")
                node.stdin.flush()
        assert node.wait(120) == 0, said


def _master(place: Place, port: int) -> Master:  # noqa: F811
    hostile = "<img src=x onerror=document.title=1><script>document.title=2</script>"
    config = (place.service("web", place.guest("steady"), num=3) + place.service("jobs", place.guest("steady"))
              + place.service("bad", ["/bin/sh", "-c", f"echo '{hostile}' >&2; exit 3"], restarts=1)
              + place.service("talks", place.guest("level_two"), num=2))
    master = start(place, config, port, "--last-lines")
    master.wait_running("web", 3)
    master.wait_state("bad", "failed")
    return master


def test_it_looks_as_it_should(place: Place) -> None:  # noqa: F811
    port = free_port()
    _master(place, port)
    for scheme in ("light", "dark"):
        picture = pathlib.Path(os.environ["FECTL_SCREENSHOTS"]) / f"{scheme}.png"
        _browse(port, "looks", scheme, picture)
        assert picture.stat().st_size > 20_000


def test_a_crash_shows_within_a_second(place: Place) -> None:  # noqa: F811
    port = free_port()
    master = _master(place, port)
    victim = master.pids("web")[0]
    _browse(port, "crash", during=lambda: os.kill(victim, signal.SIGKILL))


def test_it_recovers_without_being_loaded_again(place: Place) -> None:  # noqa: F811
    port = free_port()
    master = _master(place, port)

    def kill() -> None:
        victim, = master.pids(SERVICE)
        os.kill(victim, signal.SIGKILL)
        master.wait_replaced(SERVICE, victim)
        master.fectl_ok("stop", "jobs")

    _browse(port, "recovers", during=kill)


def test_it_is_used_by_keyboard(place: Place) -> None:  # noqa: F811
    port = free_port()
    _master(place, port)
    _browse(port, "keyboard")


def test_what_workers_say_stays_text(place: Place) -> None:  # noqa: F811
    port = free_port()
    _master(place, port)
    _browse(port, "hostile")
