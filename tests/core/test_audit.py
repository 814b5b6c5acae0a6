"""The audit trail: one chain per subject; every change of a row is found and named."""

import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from auth.actor import CHECKPOINT, SETUP, SWEEP
from casework.commands.intake import file_report
from casework.models.case import Case
from core import audit, db
from core.audit import AuditRow
from core.checkpoints import History
from core.errors import NotVisible
from core.trail import Link, check, link, stored, verify
from vault.crypto import bind

WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
ODD = (
    "",
    "é",
    "\u202eabc",
    "日本語",
    "🙂",
    "a" * 70_000,
    "1:x,",
    "-,",
    "\n\t\r",
    "'; --",
)
HASH = text(
    "SELECT audit_hash(:prev, :subject, :seq, :at, :action, :actor, :case, :decision,"
    " :request, :detail)"
)


def a_row(**changes):
    values = {
        "subject": str(uuid.uuid4()),
        "seq": 1,
        "at": "2026-02-03T04:05:06.000789Z",
        "action": "case:read",
        "actor": "someone",
        "case_id": str(uuid.uuid4()),
        "decision": "allowed",
        "request": "r",
        "detail": "{}",
        "hash": b"",
    }
    return Link(**{**values, **changes})


def in_sql(connection, prev, row):
    values = {"prev": prev, "case": row.case_id}
    names = ("subject", "seq", "at", "action", "actor", "decision", "request", "detail")
    return connection.scalar(
        HASH, values | {name: getattr(row, name) for name in names}
    )


@pytest.fixture
def owner(world):
    """Give a connection as the owner; whatever is done on it is undone."""
    engine = create_engine(world.where.owner)
    with engine.connect() as connection:
        yield connection
        connection.rollback()
    engine.dispose()


@pytest.fixture
def subject(cast):
    """Give a chain of seven rows."""
    chain = uuid.uuid4()
    with db.transaction(cast.amina):
        for n in range(7):
            audit.record(chain, "test:happened", n=n, odd=ODD[n % len(ODD)][:20])
    return chain


def verdict(connection):
    with Session(connection) as session:
        return verify(stored(session), History())


def and_fail(actor, work):
    with db.transaction(actor):
        work()
        raise NotVisible


# The hash, in SQL and in Python


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
def test_python_and_the_database_hash_odd_text_alike(owner, odd):
    for name in ("action", "actor", "decision", "request", "detail"):
        row = a_row(**{name: odd})
        assert in_sql(owner, bytes(32), row) == link(bytes(32), row)


@pytest.mark.parametrize(
    "changes",
    [
        {"case_id": None},
        {"seq": 2**40},
        {"at": "1999-12-31T23:59:59.999999Z"},
        {"at": "2026-01-01T00:00:00.000000Z"},
    ],
    ids=str,
)
def test_python_and_the_database_hash_odd_values_alike(owner, changes):
    row = a_row(**changes)
    assert in_sql(owner, b"\x07" * 32, row) == link(b"\x07" * 32, row)


def test_python_and_the_database_hash_any_text_alike(owner):
    @settings(max_examples=60)
    @given(WORDS, WORDS)
    def alike(one, other):
        row = a_row(action=one, detail=other)
        assert in_sql(owner, bytes(32), row) == link(bytes(32), row)

    alike()


@given(WORDS, WORDS, WORDS, WORDS)
def test_no_two_rows_are_hashed_alike_by_moving_words_between_fields(a, b, c, d):
    same_ids = {"subject": str(uuid.UUID(int=1)), "case_id": None}
    one, other = (
        link(bytes(32), a_row(action=left, actor=right, **same_ids))
        for left, right in ((a, b), (c, d))
    )
    assert (one == other) == ((a, b) == (c, d))
    assert bind(a, b) == bind(c, d) or one != other


def test_no_case_is_not_the_case_called_nothing():
    assert link(bytes(32), a_row(case_id=None)) != link(
        bytes(32), a_row(case_id="None")
    )


# What is recorded


def test_a_change_lives_or_dies_with_its_transaction(world, cast):
    kept, gone = uuid.uuid4(), uuid.uuid4()
    with db.transaction(cast.amina):
        audit.record(kept, "test:kept")
    with pytest.raises(NotVisible):
        and_fail(cast.amina, lambda: audit.record(gone, "test:gone"))
    with world.owner() as connection:
        found = text("SELECT subject FROM audit_rows WHERE subject = ANY(:both)")
        assert set(connection.scalars(found, {"both": [kept, gone]})) == {kept}


def test_a_read_and_a_denial_stay_when_the_transaction_fails(world, cast):
    case_id = uuid.uuid4()

    def look():
        audit.record_read(cast.omar, case_id, fields=3)
        audit.record_denial(cast.omar, "case:refused", case_id)

    with pytest.raises(NotVisible):
        and_fail(cast.omar, look)
    with world.owner() as connection:
        found = connection.execute(
            text(
                "SELECT subject, actor, action, decision FROM audit_rows"
                " WHERE case_id = :case ORDER BY seq"
            ),
            {"case": case_id},
        ).all()
    me = cast.omar.id
    assert found == [
        (me, str(me), "case:read", "allowed"),
        (me, str(me), "case:refused", "denied"),
    ]


def test_who_acted_is_who_the_transaction_announced(world, cast):
    chain = uuid.uuid4()
    with db.transaction(cast.amina):
        audit.record(chain, "test:happened")
    with db.transaction(SWEEP):
        audit.record(chain, "test:happened")
    with world.owner() as connection:
        found = text("SELECT actor FROM audit_rows WHERE subject = :id ORDER BY seq")
        actors = connection.scalars(found, {"id": chain}).all()
    assert actors == [str(cast.amina.id), "service:sweep"]


def test_a_row_carries_the_request_and_codes(world, cast):
    chain, token = uuid.uuid4(), audit.request_id.set("req-7")
    with db.transaction(cast.amina):
        audit.record(chain, "test:happened", about=chain, code="x")
    audit.request_id.reset(token)
    with world.owner() as connection:
        found = text("SELECT request, detail FROM audit_rows WHERE subject = :id")
        request, detail = connection.execute(found, {"id": chain}).one()
    assert request == "req-7"
    assert json.loads(detail) == {"about": str(chain), "code": "x"}


# Who may write


@pytest.mark.parametrize("table", ["audit_rows", "audit_heads"])
@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO {} SELECT * FROM {}",
        "UPDATE {} SET seq = 1",
        "DELETE FROM {}",
        "TRUNCATE {}",
        "DROP TABLE {}",
        "ALTER TABLE {} DISABLE ROW LEVEL SECURITY",
    ],
)
@pytest.mark.parametrize("who", ["theo", "adam", "cora"])
def test_nobody_writes_the_trail_but_through_its_function(cast, table, statement, who):
    written = text(statement.format(*[table] * statement.count("{}")))
    with (
        pytest.raises(ProgrammingError, match=r"permission denied|must be owner"),
        db.transaction(getattr(cast, who)) as session,
    ):
        session.execute(written)


def test_the_function_that_takes_any_action_is_not_the_applications(cast):
    call = text("SELECT audit_link(:id, 'x', NULL, 'done', '', '{}')")
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        db.transaction(cast.adam) as session,
    ):
        session.execute(call, {"id": cast.adam.id})


def test_a_temporary_table_does_not_stand_in_for_the_trail(cast):
    """The functions run as the owner: they must find the owner's tables."""
    chain = uuid.uuid4()
    with db.transaction(cast.amina) as session:
        session.execute(text("CREATE TEMP TABLE audit_heads (LIKE public.audit_heads)"))
        session.execute(text("GRANT ALL ON audit_heads TO PUBLIC"))
        session.execute(text("SET LOCAL search_path = pg_temp, public"))
        audit.record(chain, "test:happened")
        assert session.scalar(text("SELECT count(*) FROM pg_temp.audit_heads")) == 0
        session.execute(text("DROP TABLE pg_temp.audit_heads"))


# Who may read


def test_one_sees_ones_own_chain_and_the_auditor_every_one(cast, subject):
    with db.transaction(cast.amina):
        audit.record(cast.amina.id, "test:mine")
    with db.transaction(cast.amina) as session:
        seen = {row.subject for row in session.query(AuditRow)}
        assert cast.amina.id in seen
        assert subject not in seen
    with db.transaction(cast.theo) as session:
        assert subject in {row.subject for row in session.query(AuditRow)}


def test_the_lead_sees_who_looked_at_her_case_and_others_do_not(cast, filing):
    with db.transaction(cast.amina):
        case_id = file_report(cast.amina, filing()).id
    audit.record_read(cast.omar, case_id)
    looked = {}
    for who in ("cora", "ines", "salma", "adam"):
        with db.transaction(getattr(cast, who)) as session:
            rows = session.query(AuditRow).filter_by(case_id=case_id)
            looked[who] = {row.actor for row in rows if row.action == "case:read"}
    assert looked == {
        "cora": {str(cast.omar.id)},
        "ines": set(),
        "salma": set(),
        "adam": set(),
    }


# Verification


def test_a_whole_trail_is_whole(cast, owner, subject):
    with db.transaction(cast.theo) as session:
        found = verify(stored(session), History())
    assert found.whole, found.bad
    assert found.rows >= 7
    assert found.chains >= 1


def test_what_is_appended_while_one_verifies_is_no_fault(cast, subject):
    with db.transaction(cast.theo) as session:
        rows = iter(session.query(AuditRow).limit(1))
        next(rows)
        with db.transaction(cast.amina):
            audit.record(subject, "test:happened")
        assert verify(stored(session), History()).whole


TAMPERING = {
    "words changed": ("UPDATE audit_rows SET action = action || 'x'", 4),
    "actor changed": ("UPDATE audit_rows SET actor = 'someone else'", 4),
    "moment changed": ("UPDATE audit_rows SET at = at + interval '1 microsecond'", 4),
    "case changed": ("UPDATE audit_rows SET case_id = gen_random_uuid()", 4),
    "decision changed": ("UPDATE audit_rows SET decision = 'denied'", 4),
    "detail changed": ("UPDATE audit_rows SET detail = '{}'", 4),
    "hash changed": ("UPDATE audit_rows SET hash = sha256(hash)", 4),
    "row deleted": ("DELETE FROM audit_rows", 4),
}


@pytest.mark.parametrize("how", TAMPERING)
def test_a_change_of_one_row_is_found_and_named(owner, subject, how):
    statement, seq = TAMPERING[how]
    change = text(f"{statement} WHERE subject = :id AND seq = :seq")
    assert owner.execute(change, {"id": subject, "seq": seq}).rowcount == 1
    assert verdict(owner).bad.startswith(f"{subject}/{seq}: ")


def test_a_row_that_is_gone_is_said_to_be_missing(owner, subject):
    gone = text("DELETE FROM audit_rows WHERE subject = :id AND seq = 4")
    owner.execute(gone, {"id": subject})
    assert verdict(owner).bad == f"{subject}/4: missing"


def test_what_is_cut_from_the_end_is_found(owner, subject):
    cut = text("DELETE FROM audit_rows WHERE subject = :id AND seq > 5")
    owner.execute(cut, {"id": subject})
    assert verdict(owner).bad == f"{subject}/6: missing"


def test_a_chain_that_is_gone_is_found(owner, subject):
    owner.execute(text("DELETE FROM audit_rows WHERE subject = :id"), {"id": subject})
    assert verdict(owner).bad == f"{subject}/1: missing"


def test_a_chain_without_its_head_is_found(owner, subject):
    owner.execute(text("DELETE FROM audit_heads WHERE subject = :id"), {"id": subject})
    assert verdict(owner).bad.startswith(f"{subject}/")


def test_a_row_put_in_is_found(owner, subject):
    shift = "UPDATE audit_rows SET seq = seq + :by WHERE subject = :id AND seq > :from"
    owner.execute(text(shift), {"id": subject, "by": 1000, "from": 3})
    owner.execute(text(shift), {"id": subject, "by": -999, "from": 1000})
    put = text(
        "INSERT INTO audit_rows SELECT subject, 4, at, action, actor, case_id,"
        " decision, request, detail, hash FROM audit_rows"
        " WHERE subject = :id AND seq = 3"
    )
    owner.execute(put, {"id": subject})
    assert verdict(owner).bad == f"{subject}/4: changed"


def test_a_forged_row_at_the_end_is_found(owner, subject):
    """With a right hash, but past what the head says."""
    with Session(owner) as session:
        last = session.get_one(AuditRow, (subject, 7))
        before = last.hash
    forged = a_row(subject=str(subject), seq=8)
    forged = forged._replace(hash=link(before, forged))
    put = text(
        "INSERT INTO audit_rows VALUES (:subject, :seq, :at, :action, :actor, :case_id,"
        " :decision, :request, :detail, :hash)"
    )
    owner.execute(put, forged._asdict())
    assert verdict(owner).bad == f"{subject}/8: added"


def test_a_head_set_to_another_hash_is_found(owner, subject):
    change = text("UPDATE audit_heads SET hash = sha256(hash) WHERE subject = :id")
    owner.execute(change, {"id": subject})
    assert verdict(owner).bad == f"{subject}/7: not what the head says"


def test_the_chains_end_everywhere_at_one_moment(cast, subject):
    with db.transaction(SWEEP):
        assert audit.heads() == {}
    with db.transaction(cast.amina):
        audit.hold([uuid.uuid4()])
    with db.transaction(CHECKPOINT):
        ends = audit.heads()
    with db.transaction(cast.theo) as session:
        rows = {(link.subject, link.seq): link.hash for link in stored(session)}
    assert ends[str(subject)][0] == 7
    assert {who: rows[who, seq] for who, (seq, _) in ends.items()} == {
        who: digest for who, (_, digest) in ends.items()
    }


def test_who_signs_checkpoints_reads_no_row(cast, subject):
    with db.transaction(CHECKPOINT) as session:
        assert session.query(AuditRow).count() == 0


# Writers at once


def test_writers_at_once_make_neither_fork_nor_gap(world, cast):
    chain, writers, each = uuid.uuid4(), 8, 10

    def write(n):
        for _ in range(each):
            with db.transaction(cast.amina):
                audit.record(chain, "test:happened", by=n)

    together(writers, write)
    assert whole_chain(world, chain) == writers * each


def test_writers_at_once_who_also_read_the_same_case_wait_in_no_circle(world, cast):
    """Each adds a read row beside its open change, some to one reader's chain."""
    case_id, writers, each = uuid.uuid4(), 8, 5
    readers = [cast.amina, cast.ines, cast.cora, cast.amina] * 2
    before = [whole_chain(world, reader.id) for reader in readers[:3]]

    def write(n):
        for _ in range(each):
            with db.transaction(readers[n]):
                audit.record(case_id, "test:happened", by=n)
                audit.record_read(readers[n], case_id)

    together(writers, write)
    assert whole_chain(world, case_id) == writers * each
    after = [whole_chain(world, reader.id) for reader in readers[:3]]
    added = [late - early for early, late in zip(before, after, strict=True)]
    assert added == [4 * each, 2 * each, 2 * each]


def together(writers, write):
    """Let all writers begin at the same moment."""
    start = Barrier(writers)

    def begin(n):
        start.wait(10)
        write(n)

    with ThreadPoolExecutor(writers) as pool:
        list(pool.map(begin, range(writers)))


def whole_chain(world, chain):
    """Return how many rows a chain has; it must be whole."""
    with world.owner() as connection, Session(connection) as session:
        links = [link for link in stored(session) if link.subject == str(chain)]
    rows, bad = check(str(chain), links, {}) if links else (0, None)
    assert bad is None
    return rows


def test_a_read_beside_an_open_change_of_the_same_case_waits_for_nothing(cast, filing):
    with db.transaction(cast.amina):
        case_id = file_report(cast.amina, filing()).id
    with db.transaction(cast.ines) as session:
        audit.record(case_id, "test:happened", case_id=case_id)
        session.get(Case, case_id, with_for_update=True)
        audit.record_read(cast.ines, case_id)
        audit.record_read(cast.cora, case_id)


def test_chains_are_held_in_one_order(cast):
    """Two steps that hold the same chains, named in opposite orders, both end."""
    chains = [uuid.uuid4() for _ in range(6)]

    def work(order):
        for _ in range(5):
            with db.transaction(SETUP):
                audit.hold(order)
                for chain in order:
                    audit.record(chain, "test:happened")

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, (chains, chains[::-1])))
