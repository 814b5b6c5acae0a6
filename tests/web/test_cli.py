"""The command line, in this process and as the people who run the system call it."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import create_engine, text

from auth.actor import SETUP
from auth.policy import BY_ROLE, BY_STANDING, OPENS, WRITES
from casework.sla import CLOCKS
from casework.stages import MOVES
from core import audit, db, embedded
from demo.organisation import build
from tests.conftest import CHEAP, PASSWORD
from tests.worlds import empty_database
from vault import uris
from web.app import create_app
from web.database import Addresses, serve_on

ROOT = Path(__file__).parents[2]
COMMANDS = (
    ("cfm", "import"),
    ("audit", "checkpoint"),
    ("audit", "export"),
    ("audit", "verify"),
    ("clocks", "sweep"),
    ("policy", "show"),
    ("db", "upgrade"),
    ("people", "first-administrator"),
)


@pytest.fixture(scope="module")
def where(server) -> Iterator[Addresses]:
    """An empty database, as a deployment sets it."""
    with empty_database(server) as made:
        yield made


@pytest.fixture(scope="module")
def configured(world, where):
    """The program on that database; the world's comes back in the end."""

    def on(**changes: Any) -> Flask:
        settings = {
            "database_url": where.app,
            "owner_database_url": where.owner,
            "command_line": True,
            "checkpoints_path": str(world.config.instance / "of-the-commands.jsonl"),
            **changes,
        }
        return create_app(replace(world.config, **settings))

    yield on
    serve_on(world.where)


@pytest.fixture
def run(configured):
    def command(*words: str, **changes: Any):
        return configured(**changes).test_cli_runner().invoke(args=[*words])

    return command


@pytest.fixture(scope="module")
def migrated(configured) -> None:
    done = configured().test_cli_runner().invoke(args=["db", "upgrade"])
    assert done.exit_code == 0, done.output


@pytest.fixture(scope="module")
def staffed(migrated, where, world) -> None:
    staff(where, world.pepper)


def staff(where: Addresses, pepper: bytes) -> None:
    """Let there be offices, people and desks."""
    db.connect(where.owner or "")
    with db.transaction(SETUP):
        build(lambda _: PASSWORD, pepper, CHEAP)
    db.disconnect()


@pytest.fixture
def export(tmp_path) -> Path:
    mark = uuid.uuid4().hex
    items = [
        {
            "_id": 1,
            "_uuid": mark,
            "group_intake/office": "NBO",
            "group_intake/received_at": "2026-01-05T10:30:00+03:00",
            "group_reporter/safe_contact": "Mornings",
            "group_concern/kind": "sexual_abuse",
            "group_account/narrative": "What was told.",
        },
        {"_id": 2, "_uuid": mark + "2", "group_concern/kind": "not_pseah"},
        ["no submission", mark],
    ]
    path = tmp_path / "export.json"
    path.write_text(json.dumps({"count": 3, "results": items}))
    return path


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_explains_itself(run, command):
    done = run(*command, "--help")
    assert done.exit_code == 0
    assert len(done.output.splitlines()) > 5


def test_an_absent_database_is_said_plainly(run, where):
    other = where.app.replace("test_", "absent_")
    for command in (("clocks", "sweep"), ("audit", "verify")):
        done = run(*command, database_url=other, owner_database_url=other)
        assert done.exit_code == 1
        assert done.output.startswith("Error: ")
        assert "Traceback" not in done.output


def test_migrating_twice_is_fine(run, migrated):
    assert run("db", "upgrade").exit_code == 0


def test_migrating_needs_the_owner(run):
    done = run("db", "upgrade", owner_database_url=None)
    assert (done.exit_code, "OWNER_DATABASE_URL" in done.output) == (1, True)


def test_an_address_that_is_none_is_said_plainly(run):
    done = run("clocks", "sweep", database_url="nonsense")
    assert (done.exit_code, "DATABASE_URL" in done.output) == (1, True)


def test_without_desks_nothing_is_imported(run, migrated, export):
    done = run("cfm", "import", str(export))
    assert (done.exit_code, "No desk takes" in done.output) == (1, True)


def test_an_import_writes_its_report(run, staffed, export, tmp_path):
    out = tmp_path / "out.json"
    done = run("cfm", "import", str(export), "--report", str(out))
    assert done.exit_code == 0, done.output
    report = json.loads(out.read_text())
    assert list(report) == [
        "received",
        "filed",
        "duplicates",
        "set_aside",
        "rejected",
        "problems",
    ]
    assert report["received"] == 3
    assert [line["kind"] for line in report["filed"]] == ["sexual_abuse"]
    assert report["set_aside"] == [{"id": 2, "why": "not_pseah"}]
    assert [line["id"] for line in report["rejected"]] == ["index:2"]
    assert set(report["problems"][0]) == {"id", "field", "problem"}
    assert list(tmp_path.iterdir()) in ([export, out], [out, export])
    assert "1 filed" in done.output
    assert "What was told" not in done.output
    again = run("cfm", "import", str(export), "--report", str(out))
    assert again.exit_code == 0
    report = json.loads(out.read_text())
    assert report["duplicates"] == [{"id": 1, "of": 1}, {"id": 2, "of": 2}]


def test_items_of_no_office_go_where_the_operator_says(run, staffed, export, where):
    assert run("cfm", "import", str(export), "--office", "BOG").exit_code == 0
    engine = create_engine(where.owner or "")
    with engine.begin() as connection:
        codes = connection.scalars(
            text(
                "SELECT o.code FROM submissions s JOIN offices o ON o.id = s.office_id"
                " ORDER BY s.filed_at DESC LIMIT 3"
            )
        ).all()
    engine.dispose()
    assert sorted(codes) == ["BOG", "BOG", "NBO"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "There is no such file"),
        (b"", "The file is empty"),
        (b"  \n", "The file is empty"),
        (b"{", "The file is not JSON"),
        (b"7", "The file holds no submissions"),
        (b"\xff", "not UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_ends_with_2(run, tmp_path, content, said):
    path = tmp_path / "bad.json"
    if content is not None:
        path.write_bytes(content)
    done = run("cfm", "import", str(path))
    assert (done.exit_code, said in done.output) == (2, True)


def test_a_folder_is_no_file(run, tmp_path):
    assert run("cfm", "import", str(tmp_path)).exit_code == 2


@pytest.mark.parametrize("place", ["", "nowhere/out.json"])
def test_a_report_that_cannot_be_written_is_said_before_anything_is_done(
    run, staffed, export, tmp_path, place
):
    done = run("cfm", "import", str(export), "--report", str(tmp_path / place))
    assert (done.exit_code, "Nothing was done" in done.output) == (1, True)
    assert "1 filed" in run("cfm", "import", str(export)).output


def test_an_office_that_takes_nothing_is_named(run, staffed, export):
    done = run("cfm", "import", str(export), "--office", "XXX")
    assert (done.exit_code, "XXX" in done.output) == (1, True)


def test_a_sweep_notes_what_is_late_once(run, staffed, export):
    run("cfm", "import", str(export))
    done = run("clocks", "sweep")
    assert done.exit_code == 0
    assert not done.output.startswith("0 ")
    assert run("clocks", "sweep").output.startswith("0 ")


def test_a_whole_audit_trail_is_verified(run, staffed):
    done = run("audit", "verify")
    assert (done.exit_code, "whole" in done.output) == (0, True)


@pytest.fixture
def signed(run, staffed, tmp_path):
    """Run commands with a file of checkpoints of their own, which has one."""
    place = str(tmp_path / "checkpoints.jsonl")

    def command(*words: str, **changes: Any):
        return run("audit", *words, **{"checkpoints_path": place, **changes})

    done = command("checkpoint")
    assert done.exit_code == 0, done.output
    command.place = Path(place)
    command.key = json.loads(command.place.read_text())["key"]
    return command


def append_one(where: Addresses) -> None:
    """Let there be one more chain."""
    db.connect(where.owner or "")
    with db.transaction(SETUP):
        audit.record(uuid.uuid4(), "test:happened")
    db.disconnect()


def test_a_checkpoint_is_appended_only_where_something_changed(signed, where):
    again = signed("checkpoint")
    assert again.output.startswith("Nothing changed since checkpoint 1 of ")
    append_one(where)
    done = signed("checkpoint")
    last = json.loads(signed.place.read_text().splitlines()[-1])
    assert done.output.startswith(f"Signed checkpoint 2 of {last['at']}, ")
    assert done.output.endswith(f" {last['chains']} chains, root {last['root']}\n")
    assert len(last["heads"]) == 1


def test_the_application_makes_its_key_of_checkpoints_and_keeps_it(
    signed, world, tmp_path
):
    kept = (world.config.instance / "keys" / "checkpoint").read_text()
    assert len(kept) == 64
    done = signed("checkpoint", checkpoints_path=str(tmp_path / "another.jsonl"))
    assert done.exit_code == 0
    assert (world.config.instance / "keys" / "checkpoint").read_text() == kept


def test_a_key_elsewhere_is_not_made(signed, tmp_path):
    done = signed("checkpoint", checkpoint_key_uri=f"file:{tmp_path}/key")
    assert (done.exit_code, "no key in the file" in done.output) == (1, True)
    assert not (tmp_path / "key").exists()


def test_a_key_of_checkpoints_has_one_length(signed):
    environment = {"LONG": "00" * 33}
    done = signed("checkpoint", checkpoint_key_uri="env:LONG", environment=environment)
    assert (done.exit_code, "64 hexadecimal digits" in done.output) == (1, True)


def test_a_file_by_another_key_is_not_continued(signed):
    before = signed.place.read_bytes()
    done = signed(
        "checkpoint", checkpoint_key_uri="env:K", environment={"K": "ab" * 32}
    )
    assert (done.exit_code, "signed by another key" in done.output) == (1, True)
    assert "Nothing was signed" in done.output
    assert signed.place.read_bytes() == before


def test_a_folder_that_is_not_there_is_said_plainly(signed, tmp_path):
    done = signed("checkpoint", checkpoints_path=str(tmp_path / "no" / "where"))
    assert (done.exit_code, "No such file" in done.output) == (1, True)


def test_a_torn_line_is_said(signed):
    whole = signed.place.read_bytes()
    signed.place.write_bytes(whole + b'{"at"')
    verified = signed("verify")
    assert (verified.exit_code, "is torn" in verified.output) == (0, True)
    done = signed("checkpoint")
    assert "torn: 5 bytes" in done.output
    assert signed.place.read_bytes() == whole


def test_verifying_says_against_which_checkpoint(signed, run, tmp_path):
    done = signed("verify", "--public-key", signed.key.upper())
    assert done.exit_code == 0
    assert ", against checkpoint 1 of " in done.output
    assert done.output.endswith(f"signed by {signed.key}\n")
    absent = str(tmp_path / "absent")
    assert "no checkpoint file" in signed("verify", checkpoints_path=absent).output


def test_without_a_checkpoint_one_cannot_ask_who_signed_it(signed, tmp_path):
    (tmp_path / "empty").touch()
    said = "There is no checkpoint"
    for words in (("--public-key", signed.key), ("--checkpoints", f"{tmp_path}/empty")):
        done = signed("verify", *words, checkpoints_path=str(tmp_path / "absent"))
        assert (done.exit_code, said in done.output) == (1, True)


def test_a_checkpoint_by_somebody_else_is_named(signed):
    done = signed("verify", "--public-key", "ab" * 32)
    assert done.exit_code == 1
    assert "broken at checkpoints/1: signed by another key" in done.output


@pytest.fixture
def forged(where) -> Iterator[str]:
    """A chain cut by its end, with its head, as the owner can; whole in the end."""
    engine = create_engine(where.owner or "")
    longest = "SELECT subject, seq FROM audit_heads ORDER BY seq DESC, subject LIMIT 1"
    cut = "DELETE FROM audit_rows WHERE (subject, seq) = (:subject, :seq) RETURNING *"
    shorten = (
        "UPDATE audit_heads h SET seq = r.seq, hash = r.hash FROM audit_rows r"
        " WHERE r.subject = h.subject AND r.seq = :seq AND h.subject = :subject"
    )
    restore = (
        "INSERT INTO audit_rows VALUES (:subject, :seq, :at, :action, :actor, :case_id,"
        " :decision, :request, :detail, :hash)"
    )
    with engine.begin() as connection:
        subject, seq = connection.execute(text(longest)).one()
        row = connection.execute(text(cut), {"subject": subject, "seq": seq}).one()
        connection.execute(text(shorten), {"subject": subject, "seq": seq - 1})
    yield f"{subject}/{seq}"
    with engine.begin() as connection:
        connection.execute(text(restore), row._asdict())
        connection.execute(text(shorten), {"subject": subject, "seq": seq})
    engine.dispose()


def test_what_the_owner_cut_off_with_its_head_only_the_checkpoint_shows(
    signed, tmp_path, forged
):
    absent = str(tmp_path / "absent")
    assert signed("verify", checkpoints_path=absent).exit_code == 0
    done = signed("verify")
    assert (done.exit_code, f"{forged}: missing" in done.output) == (1, True)
    refused = signed("checkpoint")
    assert (refused.exit_code, "Nothing was signed" in refused.output) == (1, True)


def test_an_auditor_verifies_an_export_without_database_or_key(signed, tmp_path):
    export = tmp_path / "trail.jsonl"
    assert signed("export", str(export)).exit_code == 0
    assert export.stat().st_mode & 0o777 == 0o600
    given = ["--export", str(export), "--checkpoints", str(signed.place)]
    nothing = {
        "database_url": "nonsense",
        "owner_database_url": None,
        "instance": tmp_path / "nowhere",
    }
    words = ("verify", *given, "--public-key", signed.key)
    done = signed(*words, checkpoints_path="", **nothing)
    assert done.exit_code == 0, done.output
    assert "against checkpoint 1" in done.output
    lines = export.read_text().splitlines(keepends=True)
    export.write_text("".join(lines[:-5]))
    done = signed(*words, checkpoints_path="", **nothing)
    assert (done.exit_code, "broken at" in done.output) == (1, True)
    export.write_text("nonsense\n")
    done = signed(*words, checkpoints_path="", **nothing)
    assert (done.exit_code, "line 1 of the export" in done.output) == (1, True)


def test_an_export_is_written_whole_or_not_at_all(signed, tmp_path):
    kept = set(tmp_path.iterdir())
    out = tmp_path / "trail.jsonl"
    assert signed("export", str(out), owner_database_url=None).exit_code == 1
    assert signed("export", str(tmp_path / "no" / "where")).exit_code == 1
    assert set(tmp_path.iterdir()) == kept


def test_a_changed_audit_row_is_named(run, staffed, where):
    engine = create_engine(where.owner or "")
    change = text(
        "UPDATE audit_rows SET detail = :detail WHERE (subject, seq) ="
        " (SELECT subject, seq FROM audit_rows ORDER BY subject, seq LIMIT 1)"
        " RETURNING subject"
    )
    keep = text("SELECT detail FROM audit_rows ORDER BY subject, seq LIMIT 1")
    with engine.begin() as connection:
        before = connection.scalar(keep)
        subject = connection.scalar(change, {"detail": "{}"})
    done = run("audit", "verify")
    with engine.begin() as connection:
        connection.execute(change, {"detail": before})
    engine.dispose()
    assert done.exit_code == 1
    assert f"{subject}/1: changed" in done.output


def test_verifying_needs_the_owner(run, staffed):
    done = run("audit", "verify", owner_database_url=None)
    assert (done.exit_code, "OWNER_DATABASE_URL" in done.output) == (1, True)


def test_the_tables_of_rules_are_shown_whole(run):
    found = json.loads(run("policy", "show", "--json").output)
    tables = {
        "BY_ROLE": BY_ROLE,
        "BY_STANDING": BY_STANDING,
        "OPENS": OPENS,
        "WRITES": WRITES,
        "MOVES": MOVES,
        "CLOCKS": CLOCKS,
    }
    assert set(found) == set(tables)
    for name, table in tables.items():
        assert set(found[name]) == {str(key) for key in table}
    assert found["CLOCKS"]["assess.decide"]["limit"] == "30 days"
    assert found["OPENS"]["investigator"]["survivor"] == "with_consent"


def test_the_tables_of_rules_are_shown_to_people(run):
    lines = run("policy", "show").output.splitlines()
    assert "CLOCKS" in lines
    assert any("assess.decide" in line and "30 days" in line for line in lines)


# As it is really called


@pytest.fixture(scope="module")
def instance() -> Iterator[Path]:
    # A socket's path is short: pytest's own folders are not.
    folder = Path(tempfile.mkdtemp(prefix="c"))
    yield folder
    embedded.stop(folder)
    shutil.rmtree(folder)


def flask(instance: Path, *words: str) -> subprocess.CompletedProcess[str]:
    kept = {k: v for k, v in os.environ.items() if not k.endswith("DATABASE_URL")}
    return subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", *words],
        cwd=ROOT,
        env={**kept, "INSTANCE_PATH": str(instance)},
        capture_output=True,
        text=True,
        timeout=180,
    )


def test_a_fresh_instance_is_set_up_and_filled_from_the_shell(world, instance):
    early = flask(instance, "clocks", "sweep")
    assert early.returncode == 1
    assert "flask db upgrade" in early.stderr
    assert flask(instance, "db", "upgrade").returncode == 0
    assert uris.make(f"file:{instance}/keys/gate")
    server = embedded.start(instance)
    try:
        staff(Addresses("", server.owner_url), world.pepper)
    finally:
        serve_on(world.where)
    sample = ROOT / "demo" / "cfm-export.json"
    done = flask(instance, "cfm", "import", str(sample))
    assert (done.returncode, "52 filed" in done.stdout) == (0, True), done.stderr
    assert flask(instance, "cfm", "import", "missing.json").returncode == 2
    assert "no checkpoint file" in flask(instance, "audit", "verify").stdout
    assert flask(instance, "audit", "checkpoint").returncode == 0
    assert "against checkpoint 1" in flask(instance, "audit", "verify").stdout
    assert "Traceback" not in early.stderr
