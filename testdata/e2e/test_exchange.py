"""What exactly a worker hears from its master, and when."""

import json
from typing import Any

from testdata.e2e import settings
from testdata.e2e.harness import Master, Place
from testdata.e2e.processes import wait_until
from testdata.e2e.settings import service

# Says first what its arguments say, then `loaded` and heartbeats. Each frame that it hears, and SIGTERM, becomes a line
# of the file `heard`: [time, frame]. It leaves a while after `stop`.
_WORKER = '''#!/usr/bin/python3
import json, os, select, signal, struct, sys, time

read_fd, write_fd = (int(part) for part in os.environ["FECTL_FD"].split(":"))


def note(what):
    with open("heard", "a", encoding="utf-8") as file:
        file.write(json.dumps([time.monotonic(), what]) + "\\n")


def say(name):
    payload = json.dumps({"cmd": name}).encode()
    os.write(write_fd, struct.pack(">H", len(payload)) + payload)


def hear(seconds):
    """The bytes as they come, each frame a line."""
    global received
    if select.select([read_fd], [], [], seconds)[0]:
        received += os.read(read_fd, 65536)
    while len(received) >= 2 and len(received) >= 2 + struct.unpack(">H", received[:2])[0]:
        size = struct.unpack(">H", received[:2])[0]
        payload = json.loads(received[2:2 + size])
        note(payload)
        if payload["cmd"] == "stop":
            time.sleep(0.3)
            sys.exit(0)
        received = received[2 + size:]


received = b""
signal.signal(signal.SIGTERM, lambda number, frame: note("SIGTERM"))
for word in sys.argv[1:]:
    say(word)
end = time.monotonic() + 1
while time.monotonic() < end:
    hear(0.1)
note("loaded")
say("loaded")
while True:
    hear(0.2)
    say("hb")
'''


def _start(place: Place, *words: str) -> Master:
    command = [place.write("worker", _WORKER, 0o755), *words]
    master = settings.start(place, service(place, command=command))
    master.wait_running("web")
    return master


def _heard(place: Place) -> list[tuple[float, Any]]:
    return [(when, what) for when, what in (json.loads(line) for line in place.lines("heard"))]


def test_nothing_but_start_and_then_heartbeats_about_every_two_seconds(place: Place) -> None:
    _start(place)
    beat = {"cmd": "hb"}
    wait_until(lambda: [what for _, what in _heard(place)].count(beat) >= 3, "three heartbeats of the master")
    heard = _heard(place)
    # While it loads it hears nothing at all: an old worker may not be able to take it yet.
    assert [what for _, what in heard[:2]] == ["loaded", {"cmd": "start"}]
    assert all(what == beat for _, what in heard[2:])
    beats = [when for when, what in heard if what == beat]
    # A busy machine hears them late, and one sooner after another than they were sent.
    assert beats[-1] - beats[0] > len(beats) - 1


def test_pause_resume_and_stop_are_one_frame_each_and_sigterm_comes_with_stop(place: Place) -> None:
    master = _start(place)
    for command in ("pause", "resume", "stop"):
        assert master.fectl(command, "web").returncode == 0
    heard = [what for _, what in _heard(place) if what != {"cmd": "hb"}]
    assert heard[:4] == ["loaded", {"cmd": "start"}, {"cmd": "pause"}, {"cmd": "resume"}]
    assert sorted(heard[4:], key=str) == ["SIGTERM", {"cmd": "stop"}]


def test_forked_is_neither_needed_nor_in_the_way(place: Place) -> None:
    # What an old master's own child said before it became the program.
    master = _start(place, "forked")
    heard = [what for _, what in _heard(place) if what != {"cmd": "hb"}]
    assert [what for what in heard if what != {"cmd": "prepare"}][:2] == ["loaded", {"cmd": "start"}]
    assert master.state("web") == "running" and len(place.lines("heard")) >= 2


def test_frames_glued_together_and_split_at_any_byte(place: Place) -> None:
    # Two frames in one write, and one in three writes with pauses.
    glued = _WORKER.replace("    say(word)\n", '''    frames = 3 * (struct.pack(">H", 12) + b'{"cmd":"hb"}')
    for part in (frames[:29], frames[29:31], frames[31:]):
        os.write(write_fd, part)
        time.sleep(0.05)
''')
    command = [place.write("worker", glued, 0o755), "once"]
    master = settings.start(place, service(place, command=command))
    pid = master.wait_running("web")
    assert master.pids("web") == pid and len(master.events("web")) == 2, master.events("web")
