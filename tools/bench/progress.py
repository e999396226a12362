"""What is going on, for people who wait: one line on a terminal, a line for each step elsewhere."""

import sys
import time
from typing import TextIO


class Progress:
    def __init__(self, stream: TextIO = sys.stderr) -> None:
        self._stream = stream
        self._terminal = stream.isatty()
        self._began = time.monotonic()
        self._step = ""

    def step(self, words: str) -> None:
        """A part of the whole, like a metric."""
        self._step = words
        if not self._terminal:
            self._write(f"{self._elapsed()} {words}\n")

    def now(self, words: str) -> None:
        """What is done at this moment; only a terminal shows it."""
        if self._terminal:
            self._write(f"\r\x1b[K{self._elapsed()} {self._step}: {words}")

    def note(self, words: str) -> None:
        """Something worth a line of its own."""
        self.end()
        self._write(f"{self._elapsed()} {words}\n")

    def end(self) -> None:
        if self._terminal:
            self._write("\r\x1b[K")

    def _elapsed(self) -> str:
        minutes, seconds = divmod(int(time.monotonic() - self._began), 60)
        return f"{minutes:2}:{seconds:02}"

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
