"""One at a time in a process, and not too many waiting."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from core.errors import Busy


class Turns:
    """A queue for work of which a process does one piece at a time.

    At most `waiting` threads wait, and none longer than `longest` seconds.
    """

    def __init__(self, waiting: int, longest: float) -> None:
        self._longest = longest
        self._places = threading.Semaphore(waiting + 1)
        self._turn = threading.Lock()

    @contextmanager
    def take(self) -> Iterator[None]:
        """Wait for one's turn and have it.

        :raises Busy: where too many wait, or one's turn does not come in time.
        """
        if not self._places.acquire(blocking=False):
            raise Busy
        try:
            if not self._turn.acquire(timeout=self._longest):
                raise Busy
            try:
                yield
            finally:
                self._turn.release()
        finally:
            self._places.release()
