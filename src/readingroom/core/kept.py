"""Answers of slow pure functions of a file's bytes, kept by what the bytes are while there is room."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

Answer = TypeVar("Answer")
OVERHEAD_BYTES = 500
"""What an answer takes besides what `weight` counts."""


class Kept(Generic[Answer]):
    """`function(content, kind)`, asked again only for bytes that it was not asked about lately.

    The key is the SHA-256 of the bytes, so that an answer can't be out of date, nor another file's. Together the
    answers kept weigh at most `most_bytes`; the ones not asked for longest go first.
    """

    def __init__(self, function: Callable[[bytes, str], Answer], weight: Callable[[Answer], int], most_bytes: int
                 ) -> None:
        self._function, self._weight, self._room = function, weight, most_bytes
        self._known: OrderedDict[tuple[bytes, str], Answer] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, content: bytes, kind: str) -> Answer:
        key = hashlib.sha256(content).digest(), kind
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
                return self._known[key]
        answer = self._function(content, kind)  # by two at once, if need be, rather than one waiting for the other
        with self._lock:
            if key not in self._known:
                self._known[key] = answer
                self._room -= self._weight(answer) + OVERHEAD_BYTES
            while self._room < 0:
                _, oldest = self._known.popitem(last=False)
                self._room += self._weight(oldest) + OVERHEAD_BYTES
        return answer
