"""What labeling functions print in worker processes: passed on to standard error, named, and not without end."""

import io
import os
import sys
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import suppress

from labelmill.labeling.board import LF

MAX_PRINTED = 10_000
"""Characters that one labeling function may print in one process."""


def pass_on_prints(name_of: Callable[[int], str], beat: memoryview) -> None:
    """Put the name of the labeling function that is called before every line that this process prints."""
    sys.stdout = sys.stderr = _Printed(name_of, beat)


class _Printed(io.TextIOBase):
    """A standard output that knows whose lines it gets."""

    def __init__(self, name_of: Callable[[int], str], beat: memoryview) -> None:
        self._name_of = name_of
        self._beat = beat
        self._printed: Counter[int] = Counter()
        self._begun: defaultdict[int, str] = defaultdict(str)

    def write(self, text: str) -> int:
        lf = self._beat[LF]
        if self._printed[lf] > MAX_PRINTED:
            return len(text)
        *lines, self._begun[lf] = (self._begun[lf] + text[: MAX_PRINTED + 1]).split("\n")
        self._printed[lf] += len(text)
        if self._printed[lf] > MAX_PRINTED:
            lines.append("… (it prints too much: the rest is left out)")
            self._begun[lf] = ""
        for line in lines:
            with suppress(OSError):  # nobody may be listening
                os.write(2, f"{self._name_of(lf)}: {line}\n".encode(errors="replace"))
        return len(text)

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return 2
