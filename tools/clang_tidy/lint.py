"""clang-tidy over the workspace's C++ sources, in parallel; results that were clean are remembered."""

import concurrent.futures
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tools.clang_tidy.compile_commands import commands  # noqa: E402
from tools.clang_tidy.fingerprint import fingerprint  # noqa: E402


def _cache_folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    folder = Path(base, "fectl-lint")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _compile_commands() -> dict[str, list[str]]:
    query = 'mnemonic("CppCompile", kind("cc_.* rule", //...))'
    # What the compilers of Debian warn of is an error here as in CI.
    aquery = ["bazel", "aquery", "--config=werror", "--output=jsonproto", query]
    made = subprocess.run(aquery, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if made.returncode != 0:
        sys.exit("tools/lint: bazel could not tell how the sources are compiled")
    return commands(made.stdout)


def _tidy(path: str, flags: list[str]) -> tuple[int, str]:
    done = subprocess.run(
        ["clang-tidy", "--quiet", path, "--", *flags], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout if done.returncode == 0 or done.stdout else done.stderr


def main(wanted: list[str]) -> int:
    all_commands = _compile_commands()
    unknown = [path for path in wanted if path not in all_commands]
    if unknown:
        sys.exit(f"tools/lint: nothing compiles {', '.join(unknown)} (paths are from the workspace's root)")
    version = subprocess.run(["clang-tidy", "--version"], capture_output=True, text=True, check=True).stdout
    settings = version + (ROOT / ".clang-tidy").read_text(encoding="utf-8")
    cache, includes = _cache_folder(), {}
    marks = {
        path: cache / fingerprint(path, all_commands[path], settings, ROOT, includes)
        for path in sorted(wanted or all_commands)
    }
    stale = [path for path, mark in marks.items() if not mark.exists()]
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, (status, output) in zip(stale, pool.map(lambda p: _tidy(p, all_commands[p]), stale), strict=True):
            if status == 0:
                marks[path].touch()
            else:
                failed += 1
                print(output.strip(), flush=True)
    print(f"{len(marks) - failed} sources clean, {failed} not")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
