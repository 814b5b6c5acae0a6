"""Making keys anew: of a case with 100 sealed values, and of a desk."""

import uuid

from sqlalchemy import update

from auth import desks
from auth.accounts import create_person
from auth.actor import Actor
from auth.credentials import lock_of, make_key
from auth.policy import Compartment, DeskKind, Role
from benchmarks import reports
from benchmarks.measure import Result, Turn, alternate, described, timed
from benchmarks.world import CHEAP, PASSWORD, World, signed_in
from casework import cases
from casework.commands.intake import file_report
from casework.models.case import Case, Report, Subject, Survivor
from core import db
from vault import holders, server_keys, work
from vault.boxes import Box
from vault.compartments import known_boxes
from vault.holders import KEEPER
from vault.models import Holder
from vault.resealing import sealed_columns

GOAL = 200.0
TURNS, VALUES = 40, 100
FEW, MANY, MEMBERS = 10, 10_000, 10
RENEWED = frozenset(
    {
        Compartment.REPORT,
        Compartment.THREAD,
        Compartment.SURVIVOR,
        Compartment.SUBJECT,
    }
)
# What a desk holds: a case a grant. Their seals are never opened here.
GRANTS = """
WITH made AS (
    INSERT INTO compartments (id, case_id, name, version, made_at)
    SELECT gen_random_uuid(), gen_random_uuid(), 'report', 1, now()
    FROM generate_series(1, %(count)s) RETURNING id, case_id)
INSERT INTO key_grants (compartment_id, holder_id, generation, gated, case_id,
    sealed_key, given_at)
SELECT id, %(desk)s, 1, false, case_id, decode(repeat('00', 1168), 'hex'), now()
FROM made
"""


def run(world: World) -> Result:
    """Renew the keys of a case that somebody knew, and those of two desks."""
    amina = world.actor("amina")
    with db.transaction(amina):
        case_id = file_report(amina, reports.filing(world.made.offices["NBO"])).id
    filled = _fill(amina, case_id)
    times = [_renewed(world, case_id) for _ in range(5 + TURNS)][5:]
    few, many = _desks(world)
    pair = alternate(lambda: (_desk_turn(many), _desk_turn(few)), TURNS)
    middle = sorted(times)[len(times) // 2]
    detail = (
        f"milliseconds, not a ratio: {len(RENEWED)} keys of a case made anew, and"
        f" {filled} values sealed again, {described(times)}; the key of a desk of"
        f" {MEMBERS} members with {MANY} cases {described(pair.a)}, with {FEW} cases"
        f" {described(pair.b)}, ratio {pair.ratio:.2f}"
    )
    return Result("renewing", round(middle, 1), GOAL, detail)


def _fill(amina: Actor, case_id: uuid.UUID) -> int:
    """Add survivors and subjects until a hundred values are sealed; return how many."""
    assert amina.keyring
    with db.transaction(amina) as session:
        boxes = {name: box for (name, _), box in amina.keyring.boxes(case_id).items()}
        template = cases.survivors(case_id)[0]
        report = session.query(Report).filter_by(case_id=case_id).one()
        count = sum(
            getattr(report, column.key) is not None
            for (table, _), column in sealed_columns().items()
            if table == Report.__tablename__
        )
        number = 10
        while count < VALUES:
            number += 1
            db.add(_subject(case_id, boxes), _survivor(template, boxes, number))
            count += 5
    return count


def _subject(case_id: uuid.UUID, boxes: dict[str, Box]) -> Subject:
    row, box = Subject(id=uuid.uuid4(), case_id=case_id), boxes[Compartment.SUBJECT]
    row.name = box.seal(Subject.name, row.id, "Mallory of the stores")
    row.description = box.seal(Subject.description, row.id, reports.WORDS)
    row.employer = box.seal(Subject.employer, row.id, "The stores")
    return row


def _survivor(template: Survivor, boxes: dict[str, Box], number: int) -> Survivor:
    known = {
        column.key: getattr(template, column.key)
        for column in Survivor.__table__.columns
    }
    row = Survivor(**{**known, "id": uuid.uuid4(), "number": number})
    box = boxes[Compartment.SURVIVOR]
    row.name = box.seal(Survivor.name, row.id, "Rita of the reports")
    row.safe_contact = box.seal(Survivor.safe_contact, row.id, "Mornings only")
    return row


def _renewed(world: World, case_id: uuid.UUID) -> float:
    """Say that somebody knew the keys, and time how a holder makes them anew."""
    amina = world.actor("amina")
    with db.transaction(amina), db.serving(KEEPER):
        rows = known_boxes(case_id, None)
        stale = [(row.id, case_id, None) for row in rows if row.name in RENEWED]
        assert len(stale) == len(RENEWED)
        work.add(stale, True)

    def settle() -> None:
        with db.transaction(amina) as session:
            cases.settle(amina, session.get_one(Case, case_id))

    milliseconds = timed(settle)
    with db.transaction(amina):
        assert not work.due(case_id)
    return milliseconds


Team = tuple[uuid.UUID, Actor]


def _desks(world: World) -> tuple[Team, Team]:
    """Make a desk with few cases and one with many, each of ten members."""
    return _desk(world, "few", FEW), _desk(world, "many", MANY)


def _desk(world: World, name: str, count: int) -> Team:
    pepper, office = server_keys.pepper(), world.made.offices["GVA"]
    names = [f"{name}-{number}" for number in range(MEMBERS)]
    with world.setting_up():
        members = [
            create_person(each, each, [Role.FOCAL_POINT], office_id=office).id
            for each in names
        ]
        for each in members:
            make_key(each, lock_of(PASSWORD, pepper, CHEAP))
        desk = desks.create(name, DeskKind.INTAKE, office, members)
        desks.make_key(desk.id, members)
    with world.owner() as owner:
        owner.execute(GRANTS, {"count": count, "desk": desk.id})
        owner.commit()
        owner.autocommit = True
        owner.execute("ANALYZE")
    return desk.id, signed_in(names[0], pepper)


def _desk_turn(team: Team) -> Turn:
    """Say that somebody left, and return the turn in which a member renews."""
    desk_id, actor = team
    assert actor.keyring
    keyring = actor.keyring
    keyring.forget(desk_id)
    with db.transaction(actor), db.serving(KEEPER):
        row = update(Holder).where(Holder.id == desk_id)
        db.session().execute(row.values(renew_since=db.now()))

    def renew() -> None:
        with db.transaction(actor):
            assert holders.renew_desk_keys(keyring, [desk_id]) == [desk_id]

    return renew
