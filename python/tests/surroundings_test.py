"""What a worker makes of surroundings that are not as they should be, and what the programs that it starts inherit."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import fectl_worker
import pytest


def test_DOTTED_a_socket_that_a_shell_dropped_is_a_reason() -> None:
    reads, write_end = os.pipe()
    read_end, writes = os.pipe()
    variables = {"FECTL_FD": f"{reads}:{writes}", "FECTL_SRV_NAME": "shop", "FECTL_PROC_IDX": "2",
                 "FECTL_SOCKETS": "admin-api"}
    words = (
        "environment variable FECTL_FD_admin-api is missing, though FECTL_SOCKETS names that socket: something between "
        'fectld and this program dropped it, as dash does with names that have a "-" or ".". Name the socket with '
        "letters, digits and _ alone, or start the program without a shell."
    )
    try:
        with pytest.raises(fectl_worker.EnvironmentInvalid) as error:
            fectl_worker.Worker.from_variables(variables)
        assert str(error.value) == words
        # It is what fectl shows as well.
        assert os.read(read_end, 65536)[2:] == json.dumps({"cmd": "cfgerror", "data": words},
                                                          separators=(",", ":")).encode()
    finally:
        os.close(write_end)
        os.close(read_end)


_STOPPED = """
import os, subprocess, sys
import fectl_worker
from fectl_worker.testing import frame
reads, write_end = os.pipe()
read_end, writes = os.pipe()
worker = fectl_worker.Worker.from_variables(
    {"FECTL_FD": f"{reads}:{writes}", "FECTL_SRV_NAME": "shop", "FECTL_PROC_IDX": "2"}, handle_sigterm=True)
def end_of_child():
    child = subprocess.Popen(["/bin/sleep", "60"], restore_signals=False)
    child.terminate()
    return child.wait()
ends = [end_of_child()]
stopped = []
worker.on_stop = stopped.append
os.write(write_end, frame({"cmd": "stop"}))
worker.dispatch()
assert stopped
del worker
ends.append(end_of_child())
print(ends)
"""


def test_SIG_IGN_programs_that_a_worker_starts_end_on_sigterm() -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", _STOPPED], env=environment, capture_output=True, text=True,
                          timeout=60, check=False)
    assert (done.stdout, done.stderr) == ("[-15, -15]\n", "")
