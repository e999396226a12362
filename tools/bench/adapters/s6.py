"""s6: s6-svscan and one s6-supervise for each worker."""

import shutil

from tools.bench.adapters.service_folders import ServiceFolders


class S6(ServiceFolders):
    name = "s6"
    program = "s6-svscan"

    def command(self) -> list[str]:
        return [shutil.which("s6-svscan") or "", "-c", str(max(500, self.job.workers)), self.services]
