"""Turns: one at a time, few waiting, and never stuck."""

import threading
import time

import pytest

from core.errors import Busy
from core.turns import Turns


def at_once(turns, many, work):
    """Let many threads want a turn; return how each of them ended."""
    ends, start = [], threading.Barrier(many)

    def want():
        start.wait()
        try:
            with turns.take():
                work()
            ends.append("done")
        except Busy:
            ends.append("busy")

    threads = [threading.Thread(target=want) for _ in range(many)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(20)
    assert not any(each.is_alive() for each in threads)
    return ends


def test_two_never_have_their_turn_together():
    inside, most, guard = 0, 0, threading.Lock()

    def work():
        nonlocal inside, most
        with guard:
            inside += 1
            most = max(most, inside)
        time.sleep(0.01)
        with guard:
            inside -= 1

    assert at_once(Turns(waiting=8, longest=10), 8, work) == ["done"] * 8
    assert most == 1


def test_beyond_the_queue_one_is_told_at_once():
    turns, hold = Turns(waiting=2, longest=10), threading.Event()
    ends = []
    threads = [
        threading.Thread(target=lambda: ends.extend(at_once(turns, 1, hold.wait)))
        for _ in range(3)
    ]
    for each in threads:
        each.start()
    deadline = time.monotonic() + 10
    while turns._places._value and time.monotonic() < deadline:
        time.sleep(0.01)
    with pytest.raises(Busy), turns.take():
        pass
    hold.set()
    for each in threads:
        each.join(20)
    assert ends == ["done"] * 3


def test_nobody_waits_for_ever_for_one_who_does_not_come_back():
    turns = Turns(waiting=2, longest=0.05)
    with turns.take(), pytest.raises(Busy), turns.take():
        pass


def test_a_turn_that_fails_is_given_back():
    turns = Turns(waiting=0, longest=1)
    for _ in range(3):
        with pytest.raises(KeyError), turns.take():
            raise KeyError
    with turns.take():
        pass
