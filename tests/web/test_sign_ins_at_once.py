"""Many sign in at once: every right password gets in, and the server goes on.

`SIGN_INS` says how many each of eight makes: a few here, 200 in `make nightly`.
"""

import http.client
import os
import re
import socket
import subprocess
import sys
import threading
import time
import urllib.parse
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from auth.policy import Role
from core import db
from core.turns import Turns
from tests.conftest import PASSWORD
from tests.pages import Browser, make_app
from tests.people import choose, opened
from vault import crypto

AT_ONCE = 8
EACH = int(os.environ.get("SIGN_INS", "4"))
ROOT = Path(__file__).parents[2]
WORKERS = THREADS = 4
MOST_KIB = 400 * 1024
WRONG = "not the password at all"


@pytest.fixture(scope="module")
def people(world, signed_in) -> list[str]:
    """Three people whose passwords cost what they cost in use."""
    names = []
    for _ in range(3):
        person, code = opened(signed_in["adam"], [Role.INVESTIGATOR])
        choose(world, person, code, cost=None)
        names.append(person.username)
    return names


@contextmanager
def served(world) -> Iterator[SimpleNamespace]:
    """Serve as the README says, behind a proxy that tells who asks."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    keep = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    command = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}"]
    command += ["--workers", str(WORKERS), "--threads", str(THREADS), "wsgi:app"]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={
            **keep,
            "DATABASE_URL": world.where.app,
            "INSTANCE_PATH": str(world.config.instance),
            "BEHIND_PROXIES": "1",
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        wait_for(port, process)
        yield SimpleNamespace(port=port, pid=process.pid)
    finally:
        process.terminate()
        process.communicate(timeout=30)


def wait_for(port, process) -> None:
    for _ in range(300):
        assert process.poll() is None, process.stderr.read().decode()
        try:
            with socket.create_connection(("127.0.0.1", port), 1):
                return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError


class Client:
    """Somebody with a page for signing in, from an address of their own each time."""

    def __init__(self, port: int) -> None:
        self.port = port
        answer, page = self.ask("GET")
        self.cookie = answer.getheader("Set-Cookie").split(";")[0]
        self.token = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]

    def ask(self, method, body=None, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, "/sign-in", body, headers)
            answer = connection.getresponse()
            return answer, answer.read().decode()
        finally:
            connection.close()

    def sign_in(self, username: str, password: str) -> int:
        body = {"csrf_token": self.token, "username": username, "password": password}
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Cookie": self.cookie,
            "X-Forwarded-For": str(uuid.uuid4()),
        }
        encoded = urllib.parse.urlencode(body)
        return self.ask("POST", encoded, **headers)[0].status


def children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(each) for each in listed.split()]


def most_memory(pid: int) -> int:
    """How much memory a process ever had, in KiB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1])


def tries(people: list[str], turn: int) -> tuple[str, str, str]:
    """Who tries what in a turn: half of them with the right password."""
    if turn % 2:
        return "right", people[turn // 2 % 2], PASSWORD
    if turn % 4:
        return "unknown", f"nobody-{uuid.uuid4().hex[:8]}", WRONG
    return "wrong", people[2], WRONG


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_eight_at_once_sign_in_and_a_ninth_afterwards(world, people):
    told: Counter[tuple[str, int]] = Counter()
    with served(world) as server:
        clients = [Client(server.port) for _ in range(AT_ONCE)]
        start = threading.Barrier(AT_ONCE)

        def hammer(number: int) -> None:
            start.wait()
            for turn in range(EACH):
                kind, username, password = tries(people, number + turn)
                told[kind, clients[number].sign_in(username, password)] += 1

        threads = [
            threading.Thread(target=hammer, args=(each,)) for each in range(AT_ONCE)
        ]
        for each in threads:
            each.start()
        for each in threads:
            each.join(60 + EACH * 20)
        assert not any(each.is_alive() for each in threads)
        assert Client(server.port).sign_in(people[0], PASSWORD) == 303
        memory = [most_memory(pid) for pid in children(server.pid)]
    assert {status for _, status in told} <= {303, 422}, told
    assert told["right", 303] == AT_ONCE * EACH / 2
    assert told["right", 422] == 0
    assert told.total() == AT_ONCE * EACH
    assert len(memory) == WORKERS
    assert max(memory) < MOST_KIB, memory


def test_beyond_the_queue_one_is_asked_to_wait_and_nothing_is_counted(
    world, monkeypatch
):
    seen = Browser(make_app(world))
    full = Turns(waiting=-1, longest=0.01)
    for _ in range(7):  # more than the wrong passwords that one place may try
        with monkeypatch.context() as patched:
            patched.setattr(crypto, "STRETCHING", full)
            answers = {"username": "amina", "password": PASSWORD}
            answer = seen.post("/sign-in", answers)
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "5"
        shown = answer.get_data(as_text=True)
        assert "Many people are signing in just now." in shown
        assert 'value="amina"' in shown
        assert PASSWORD not in shown
    seen.sign_in("amina")


def test_no_password_is_derived_while_a_transaction_is_open(world, cast, monkeypatch):
    real, open_ones = crypto.Argon2id, []

    def watched(**given):
        open_ones.append(db.under_way())
        return real(**given)

    monkeypatch.setattr(crypto, "Argon2id", watched)
    person, code = opened(cast.adam, [Role.INVESTIGATOR])
    seen = Browser(make_app(world)).sign_in(person.username, code)
    chosen, other = "four words of no meaning", "five other words of no meaning"
    answers = {"new": chosen, "again": chosen}
    assert seen.post("/account/choose-password", answers).status_code == 303
    seen.sign_in(person.username, chosen)
    answers = {"old": chosen, "new": other, "again": other}
    assert seen.post("/account/change-password", answers).status_code == 303
    wrong = {"username": person.username, "password": chosen}
    assert seen.post("/sign-in", wrong).status_code == 422
    assert open_ones == [False] * 6
