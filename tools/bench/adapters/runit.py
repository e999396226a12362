"""runit: runsvdir and one runsv for each worker."""

import shutil
import signal

from tools.bench.adapters.service_folders import ServiceFolders


class Runit(ServiceFolders):
    name = "runit"
    program = "runsvdir"
    # It tells each runsv to end, and leaves before them.
    stop_signal = signal.SIGHUP
    workers_max = 1000  # MAXSERVICES of runsvdir

    def command(self) -> list[str]:
        return [shutil.which("runsvdir") or "", self.services]
