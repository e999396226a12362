"""Lines of workers that go to journald and to syslog, both played by a socket of the test."""

import contextlib
import pathlib
import re
import socket
import struct
from typing import Iterator

from testdata.e2e.harness import Place
from testdata.e2e.log_writer import order, writer
from testdata.e2e.processes import DEADLINE_SECONDS, wait_until


@contextlib.contextmanager
def listening(path: pathlib.Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as one:
        one.bind(str(path))
        one.settimeout(DEADLINE_SECONDS)
        try:
            yield one
        finally:
            path.unlink()


def entry(journal: socket.socket) -> dict[str, bytes]:
    """The next entry, by the native protocol of the journal."""
    data, fields = journal.recv(1 << 20), {}
    while data:
        head, _, rest = data.partition(b"\n")
        name, equals, value = head.partition(b"=")
        if equals:
            data = rest
        else:
            (length,) = struct.unpack("<Q", rest[:8])
            value, data = rest[8:8 + length], rest[8 + length + 1:]
            assert rest[8 + length:8 + length + 1] == b"\n"
        fields[name.decode()] = value
    return fields


def targets(*to: str) -> str:
    words = ", ".join(f'"{one}"' for one in to)
    return f'[logs]\nto = [{words}]\ndir = "logs"\njournald_socket = "journal"\nsyslog_socket = "log"\n'


def test_what_journald_gets(place: Place) -> None:
    with listening(place.directory / "journal") as journal:
        master = place.start(targets("journald") + writer(place, num=1))
        (pid,) = master.wait_running("web")
        order(place, 'text "plain\\n<3>broken disk\\n\\u001b[31m \\u0000 \\u00ff=\\n"')
        plain, error, nasty = entry(journal), entry(journal), entry(journal)
        assert plain == {"PRIORITY": b"6", "SYSLOG_FACILITY": b"3", "SYSLOG_IDENTIFIER": b"web",
                         "FECTL_SERVICE": b"web", "FECTL_STREAM": b"both", "FECTL_WORKER": b"1",
                         "SYSLOG_PID": b"%d" % pid, "MESSAGE": b"plain"}
        assert (error["PRIORITY"], error["MESSAGE"]) == (b"3", b"broken disk")
        assert nasty["MESSAGE"] == b"\x1b[31m \x00 \xff="


def test_a_long_line_comes_in_marked_pieces(place: Place) -> None:
    with listening(place.directory / "journal") as journal:
        master = place.start(targets("journald") + writer(place, logs='[service.logs]\nline_max = "64KiB"\n'))
        master.wait_running("web")
        order(place, 'text "' + "x" * 150_000 + '\\n"')
        pieces = [entry(journal) for _ in range(3)]
        assert [piece["FECTL_PART"] for piece in pieces] == [b"0", b"1", b"end"]
        assert b"".join(piece["MESSAGE"] for piece in pieces) == b"x" * 150_000


def test_what_syslog_gets(place: Place) -> None:
    with listening(place.directory / "log") as log:
        master = place.start(targets("syslog") + writer(
            place, logs='[service.logs]\nfacility = "local3"\nstreams = "split"\n'))
        (pid,) = master.wait_running("web")
        order(place, 'error "<2>on fire\\n"')
        got = log.recv(1 << 20).decode()
        assert re.fullmatch(rf"<{19 * 8 + 2}>[A-Z][a-z]{{2}} [ 0-9]\d \d\d:\d\d:\d\d web\[{pid}\]: on fire", got), got


def test_a_journal_that_is_away_gets_the_lines_when_it_is_back(place: Place) -> None:
    master = place.start(targets("journald", "file") + writer(place))
    master.wait_running("web")
    order(place, 'text "while it was away\\n"')
    wait_until(lambda: "lines of service web cannot be given to journald (journal): connecting to it: No such file"
               in master.log(), "it is said")
    path = place.directory / "logs/web.log"
    wait_until(lambda: path.exists() and "while it was away" in path.read_text(), "the file has it")
    for _ in range(2):  # another one that takes the place of the first
        with listening(place.directory / "journal") as journal:
            order(place, 'text "now\\n"')
            found = [entry(journal)["MESSAGE"]]
            while found[-1] != b"now":
                found.append(entry(journal)["MESSAGE"])
    wait_until(lambda: "cannot be given to journald (journal): that is over after" in master.log(), "its end is said")
    assert found == [b"now"], "each line comes once"


def test_a_journal_that_does_not_read_costs_the_worker_nothing(place: Place) -> None:
    with listening(place.directory / "journal") as journal:
        master = place.start(targets("journald") + writer(place))
        (pid,) = master.wait_running("web")
        order(place, "count 1 60000 0")  # more than sockets and the ring hold
        report = place.directory / f"longest-{pid}"
        wait_until(lambda: report.exists() and report.read_text().startswith("1 "), "all is written")
        wait_until(lambda: "cannot be given to journald (journal): it does not read" in master.log(), "it is said")
        numbers, lost = [], 0
        while not numbers or numbers[-1] != 60000:
            got = entry(journal)
            message = got["MESSAGE"].decode()
            if got["FECTL_STREAM"] == b"fectl":
                lost += int(message.split()[0].replace(",", ""))
            else:
                numbers.append(int(message.split()[1]))
        assert numbers == sorted(set(numbers)) and lost > 0 and len(numbers) + lost == 60000


def test_another_target_takes_effect_without_a_restart(place: Place) -> None:
    with listening(place.directory / "journal") as journal, listening(place.directory / "log") as log:
        master = place.start(targets("journald") + writer(place))
        pids = master.wait_running("web")
        order(place, 'text "one\\n"')
        assert entry(journal)["MESSAGE"] == b"one"
        toml = place.directory / "fectld.toml"
        toml.write_text(toml.read_text().replace('"journald"', '"syslog"'))
        master.fectl_ok("apply", "--wait")
        order(place, 'text "two\\n"')
        assert log.recv(1 << 20).decode().endswith(": two")
        assert master.pids("web") == pids
