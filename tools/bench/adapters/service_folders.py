"""What s6 and runit have in common: a folder for each service, whose `run` is the guest itself."""

from tools.bench.adapters.adapter import Adapter


class ServiceFolders(Adapter):
    @property
    def services(self) -> str:
        return str(self.job.folder / "services")

    def prepare(self) -> None:
        for number in range(self.job.workers):
            folder = self.job.folder / "services" / f"bench-{number:05d}"
            folder.mkdir(parents=True)
            (folder / "run").symlink_to(self.job.guest)
