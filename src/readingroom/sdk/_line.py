"""One line that changes in place while something goes on."""

from __future__ import annotations

import sys
from typing import Any


class Line:
    """Shown in the notebook's output, or on stderr; never on stdout, which belongs to the researcher's code."""

    def __init__(self) -> None:
        self._handle: Any = None
        self._first = self._last = ""

    def show(self, words: str) -> None:
        if words == self._last:
            return
        self._first, self._last = self._first or words, words
        if not in_kernel():
            sys.stderr.write(words + "\n")
            return
        from IPython.display import display

        content = {"text/plain": words}
        if self._handle is None:
            self._handle = display(content, raw=True, display_id=True)
        else:
            self._handle.update(content, raw=True)

    def settle(self) -> None:
        """Take back all but what was shown first."""
        if self._handle is not None:
            self.show(self._first)


def in_kernel() -> bool:
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return hasattr(shell, "kernel")
