"""People come to a case by name, with the keys of their standing, and leave it."""

import secrets
import threading
import uuid
from datetime import timedelta

import pytest
from marshmallow import ValidationError
from sqlalchemy import create_engine, select, text

from auth import access
from auth.models import Office, StandingRow
from auth.policy import Role, Standing
from casework.cases import survivors
from casework.commands import care, desk, inquiry, people
from casework.commands.intake import Filing, file_report
from casework.models.case import Case, Survivor
from casework.models.progress import CaseEvent
from casework.queries.cases import case_page
from casework.schemas.desk import BarPerson, DeclareConflict
from core import db
from core.errors import Forbidden, Invalid, NotHeld, NotVisible, Problem, WrongStage
from core.events import Event
from core.fields import offer
from tests.conftest import PASSWORD
from tests.pages import Browser, make_app
from tests.people import enlist
from tests.reports import report
from tests.vault import house as houses
from tests.vault.raw import opened
from vault.keyring import Keyring

ROLE_OF = {
    "intake": Role.FOCAL_POINT,
    "lead": Role.COORDINATOR,
    "investigator": Role.INVESTIGATOR,
    "care_officer": Role.CARE_OFFICER,
    "legal_officer": Role.LEGAL_OFFICER,
    "ethics_officer": Role.ETHICS_OFFICER,
}
# What each opens of a case that was investigated and reported on, without consent.
OPENS = {
    "intake": {"report", "thread", "survivor", "subject"},
    "lead": {"report", "thread", "survivor", "subject", "final"},
    "investigator": {"report", "thread", "subject", "investigation"},
    "care_officer": {"survivor", "care"},
    "legal_officer": {"subject", "final"},
    "ethics_officer": {"subject"},
}
# Who adds whom, and what waits because the giver does not hold it.
ADDS = [
    ("amina", "intake", set()),
    ("cora", "lead", set()),
    ("cora", "legal_officer", set()),
    ("cora", "ethics_officer", set()),
    ("ines", "investigator", set()),
    ("ines", "legal_officer", {"final"}),
    ("salma", "care_officer", set()),
    ("legal", "legal_officer", set()),
    ("ethics", "ethics_officer", set()),
]
WHOM = {who: {kind for by, kind, _ in ADDS if by == who} for who, _, _ in ADDS}


@pytest.fixture(scope="module")
def house(world):
    return houses.build(world)


@pytest.fixture(scope="module")
def hire(world, house):
    """Open an account for somebody new: `hire(Role.…)` returns the short name."""

    def hired(*roles, **more):
        name = f"new-{secrets.token_hex(5)}"
        db.connect(world.where.owner)
        try:
            with db.transaction(houses.SETUP) as session:
                made = enlist(world, name, roles, **more)
                house.people[name] = made.id
                house.privates[name] = houses.unlock(
                    session, made.id, PASSWORD, world.pepper
                )
        finally:
            db.connect(world.where.app)
        return name

    return hired


@pytest.fixture(scope="module")
def raw(world):
    engine = create_engine(world.where.owner, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.fixture
def act(house):
    """Take a step: `act(name, command, case_id, **body)`."""

    def take(name, command, case_id, **body):
        actor = house.actor(name)
        with db.transaction(actor):
            return command(actor, case_id, body)

    return take


@pytest.fixture
def case_id(house):
    amina = house.actor("amina")
    with db.transaction(amina) as session:
        office = session.get_one(Office, house.office)
    filing = Filing(report=report(), office=office, key=uuid.uuid4().hex, source="test")
    with db.transaction(amina):
        return file_report(amina, filing).id


@pytest.fixture
def reported(act, case_id):
    """A case with every compartment there can be."""
    act("salma", care.add_care_note, case_id, note="…", survivor=_first(act, case_id))
    act("ines", inquiry.open_investigation, case_id, urgent=False, plan="Listen.")
    body = {"finding": "substantiated", "summary": "Words.", "to_legal": False}
    act("ines", inquiry.issue_report, case_id, **body)
    return case_id


def _first(act, case_id):
    return str(act("salma", lambda *_: survivors(case_id)[0].id, case_id))


@pytest.fixture
def add(act, house):
    def added(by, who, kind, case_id, why="expertise"):
        person = str(house.people[who])
        body = {"person": person, "kind": kind, "why": why}
        act(by, people.add_person, case_id, **body)

    return added


@pytest.fixture
def keys(raw, house):
    """The compartments that somebody's key opens in the raw database."""

    def found(who, case_id):
        ring = Keyring(house.people[who], house.privates[who])
        return opened(raw, ring, case_id)

    return found


def names(found):
    return {name for name, _ in found}


def look(house, who, case_id):
    actor = house.actor(who)
    with db.transaction(actor):
        return case_page(actor, case_id)


def everybody_looks(house, case_id):
    for _ in range(2):
        for who in ("cora", "ines", "salma", "amina"):
            look(house, who, case_id)


def standing(raw, case_id, person):
    rows = select(StandingRow.kind).where(
        StandingRow.case_id == case_id,
        StandingRow.holder_id == person,
        StandingRow.ended_at.is_(None),
    )
    return list(raw.scalars(rows))


def events(raw, case_id, event):
    rows = select(CaseEvent.facts).where(
        CaseEvent.case_id == case_id, CaseEvent.event == event
    )
    return list(raw.scalars(rows))


@pytest.fixture
def giver(add, hire, house):
    """Who adds: by name, or somebody whom the lead adds first."""

    def found(by, case_id):
        role = {"legal": Role.LEGAL_OFFICER, "ethics": Role.ETHICS_OFFICER}.get(by)
        if role is None:
            return by
        name = hire(role)
        add("cora", name, f"{by}_officer", case_id)
        return name

    return found


@pytest.mark.parametrize(("by", "kind", "waits"), ADDS)
def test_who_is_added_opens_what_policy_says(
    reported, house, hire, add, keys, raw, giver, by, kind, waits
):
    new, by = hire(ROLE_OF[kind]), giver(by, reported)
    add(by, new, kind, reported)
    assert names(keys(new, reported)) == OPENS[kind] - waits
    everybody_looks(house, reported)
    assert names(keys(new, reported)) == OPENS[kind]
    said = events(raw, reported, Event.PERSON_ADDED)
    assert {"kind": kind, "reason": "expertise"} in said
    assert look(house, new, reported).opens >= OPENS[kind] & {"subject", "survivor"}


@pytest.mark.parametrize(
    ("by", "kind"),
    [(by, kind) for by, whom in WHOM.items() for kind in ROLE_OF if kind not in whom],
)
def test_nobody_gives_what_is_not_theirs_to_give(
    case_id, house, hire, add, keys, giver, by, kind
):
    new, by = hire(ROLE_OF[kind]), giver(by, case_id)
    with pytest.raises(Invalid) as refused:
        add(by, new, kind, case_id)
    assert "kind" in refused.value.fields
    assert not keys(new, case_id)


@pytest.mark.parametrize(("by", "kind", "_"), ADDS)
def test_an_ended_standing_opens_nothing_and_its_keys_are_renewed(
    reported, house, hire, add, act, keys, raw, giver, by, kind, _
):
    new, by = hire(ROLE_OF[kind]), giver(by, reported)
    add(by, new, kind, reported)
    everybody_looks(house, reported)
    knew = keys(new, reported)
    act("cora", people.end_standing, reported, standing=_row(raw, reported, house, new))
    assert keys(new, reported) == set()
    with pytest.raises(NotVisible):
        look(house, new, reported)
    everybody_looks(house, reported)
    now = set().union(*(keys(who, reported) for who in ("cora", "ines", "salma")))
    newest = {name: max(v for n, v in now if n == name) for name in names(now)}
    assert all(newest[name] > version for name, version in knew)
    left = {"kind": kind, "reason": "ended_by_lead"}
    assert left in events(raw, reported, Event.PERSON_LEFT)


def _row(raw, case_id, house, who):
    return str(
        raw.scalar(
            select(StandingRow.id).where(
                StandingRow.case_id == case_id,
                StandingRow.holder_id == house.people[who],
                StandingRow.ended_at.is_(None),
            )
        )
    )


def test_intake_adds_nobody_after_the_hand_over(case_id, act, add, hire):
    new = hire(Role.FOCAL_POINT)
    answers = {"danger": "no", "medical_needed": "no", "offered": False}
    act("amina", desk.record_triage, case_id, referred="no", **answers)
    act("amina", desk.hand_over, case_id, confirmed=True)
    with pytest.raises(WrongStage):
        add("amina", new, "intake", case_id)


def test_who_only_sees_the_case_adds_nobody(case_id, add, hire, act, house):
    provider = hire(Role.PROVIDER)
    with pytest.raises(NotVisible):
        add(provider, "ines", "investigator", case_id)


def test_a_role_that_does_not_fit_is_named_at_its_field(case_id, add, hire):
    with pytest.raises(Invalid) as refused:
        add("cora", hire(Role.INVESTIGATOR), "legal_officer", case_id)
    assert list(refused.value.fields) == ["kind"]


def test_a_closed_account_or_oneself_is_not_added(case_id, add, hire, raw, house):
    closed = hire(Role.LEGAL_OFFICER)
    raw.execute(
        text("UPDATE people SET disabled_at = now() WHERE id = :id"),
        {"id": house.people[closed]},
    )
    for who, kind in ((closed, "legal_officer"), ("cora", "lead")):
        with pytest.raises(Invalid) as refused:
            add("cora", who, kind, case_id)
        assert list(refused.value.fields) == ["person"]


def test_who_has_no_key_of_their_own_is_not_added(case_id, add, hire, raw, house):
    new = hire(Role.LEGAL_OFFICER)
    raw.execute(
        text("UPDATE holder_keys SET ended_at = now() WHERE holder_id = :id"),
        {"id": house.people[new]},
    )
    with pytest.raises(Invalid):
        add("cora", new, "legal_officer", case_id)


def test_the_barred_are_refused_without_saying_so(case_id, add, act, hire, house, keys):
    new = hire(Role.LEGAL_OFFICER)
    person = str(house.people[new])
    act("cora", desk.bar_person, case_id, person=person, why="possible_link")
    with pytest.raises(Invalid) as refused:
        add("cora", new, "legal_officer", case_id)
    (said,) = refused.value.fields["person"]
    assert said == "This person cannot be added to this case."
    assert not keys(new, case_id)


@pytest.fixture
def both(hire, house, raw):
    """Somebody who was a care officer and is an investigator as well."""
    name = hire(Role.INVESTIGATOR)
    roles = text("UPDATE people SET roles = :roles WHERE id = :id")
    fits = [Role.CARE_OFFICER, Role.INVESTIGATOR]
    raw.execute(roles, {"roles": fits, "id": house.people[name]})
    return name


ASIDE = (
    "Someone who supports the survivor cannot also investigate,"
    " nor the other way round."
)


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (("salma", "care_officer"), ("ines", "investigator")),
        (("ines", "investigator"), ("salma", "care_officer")),
    ],
)
def test_nobody_supports_the_survivor_and_investigates(
    case_id, add, both, keys, first, then
):
    add(first[0], both, first[1], case_id)
    before = keys(both, case_id)
    with pytest.raises(Invalid) as refused:
        add(then[0], both, then[1], case_id)
    assert refused.value.fields == {"person": [ASIDE]}
    assert keys(both, case_id) == before


def test_who_broke_the_glass_does_not_investigate(case_id, add, house, raw):
    asha = house.actor("asha")
    with db.transaction(asha):
        until = db.now() + timedelta(minutes=60)
        access.give(case_id, asha.id, Standing.EMERGENCY, "danger", until=until)
    roles = text("UPDATE people SET roles = roles || :more WHERE id = :id")
    raw.execute(roles, {"more": ["investigator"], "id": asha.id})
    with pytest.raises(Invalid) as refused:
        add("ines", "asha", "investigator", case_id)
    assert refused.value.fields == {"person": [ASIDE]}


def test_who_holds_none_of_the_keys_gives_none(case_id, add, hire, raw, house):
    lone = hire(Role.LEGAL_OFFICER)
    add("cora", lone, "legal_officer", case_id)
    raw.execute(
        text("DELETE FROM key_grants WHERE case_id = :case AND holder_id = :who"),
        {"case": case_id, "who": house.people[lone]},
    )
    new = hire(Role.LEGAL_OFFICER)
    with pytest.raises(NotHeld) as refused:
        add(lone, new, "legal_officer", case_id)
    assert "Ask a colleague" in refused.value.message
    assert standing(raw, case_id, house.people[new]) == []


def test_two_who_add_at_once_make_one_standing(case_id, add, hire, raw, house):
    new, failed = hire(Role.LEGAL_OFFICER), []

    def one(by):
        try:
            add(by, new, "legal_officer", case_id)
        except Problem as problem:
            failed.append(problem)

    threads = [threading.Thread(target=one, args=(by,)) for by in ("cora", "ines")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert standing(raw, case_id, house.people[new]) == ["legal_officer"]
    assert len(events(raw, case_id, Event.PERSON_ADDED)) == 1


def test_an_investigator_who_leaves_no_longer_has_the_case(
    reported, act, raw, house, keys
):
    act("ines", inquiry.take_case, reported)
    with pytest.raises(Invalid):
        act("ines", people.leave_case, reported, confirmed=False)
    act("ines", people.leave_case, reported, confirmed=True)
    assert raw.scalar(select(Case.taken_by).where(Case.id == reported)) is None
    assert standing(raw, reported, house.people["ines"]) == []
    # The desk stands on it as before, and its members with it.
    assert names(keys("ines", reported)) == OPENS["investigator"]


def test_a_care_officer_who_leaves_no_longer_has_the_survivor(case_id, act, raw):
    survivor = _first(act, case_id)
    act("salma", care.accept_care, case_id, survivor=survivor)
    act("salma", people.leave_case, case_id, confirmed=True)
    officer = select(Survivor.officer_id).where(Survivor.id == uuid.UUID(survivor))
    assert raw.scalar(officer) is None


def test_who_was_added_leaves_with_nothing(case_id, act, add, hire, keys, raw, house):
    new = hire(Role.LEGAL_OFFICER)
    add("cora", new, "legal_officer", case_id)
    act(new, people.leave_case, case_id, confirmed=True)
    assert keys(new, case_id) == set()
    assert events(raw, case_id, Event.PERSON_LEFT) == [
        {"kind": "legal_officer", "reason": "left"}
    ]
    add("cora", new, "legal_officer", case_id)
    assert names(keys(new, case_id)) == {"subject"}


def test_only_who_stands_on_it_in_their_own_name_can_leave(case_id, act):
    with pytest.raises(Forbidden):
        act("cora", people.leave_case, case_id, confirmed=True)
    with pytest.raises(NotVisible):
        act("inga", people.leave_case, case_id, confirmed=True)


def test_a_possible_link_is_a_reason_to_bar_others_only():
    person = offer(BarPerson(), "person", {"one": "One"})
    assert person.load({"person": "one", "why": "possible_link"})
    with pytest.raises(ValidationError):
        DeclareConflict().load({"why": "possible_link"})


def test_desks_and_bars_are_not_ended_by_name(case_id, act, raw, house):
    person = str(house.people["levi"])
    act("cora", desk.bar_person, case_id, person=person, why="named_in_it")
    rows = select(StandingRow.id).where(
        StandingRow.case_id == case_id,
        (StandingRow.kind == "barred")
        | StandingRow.holder_id.in_(list(house.desks.values())),
    )
    found = raw.scalars(rows).all()
    assert len(found) > 1
    for row in found:
        with pytest.raises(Invalid):
            act("cora", people.end_standing, case_id, standing=str(row))
    with pytest.raises(Forbidden):
        act("ines", people.end_standing, case_id, standing=str(found[0]))


def test_the_card_says_what_waits_and_what_opens_in_an_emergency(
    reported, add, hire, house
):
    new = hire(Role.LEGAL_OFFICER)
    add("ines", new, "legal_officer", reported)
    by_name = {party.name: party for party in look(house, "ines", reported).parties}
    legal = by_name[new]
    assert (legal.keys, legal.waiting) == (["subject"], ["final"])
    assert (legal.given_by, legal.reason, legal.until) == ("ines", "expertise", None)
    (duty,) = [party for party in by_name.values() if party.kind == "duty"]
    assert (duty.keys, duty.waiting) == ([], ["care", "report", "survivor"])


def test_the_card_says_until_when_an_emergency_lasts(case_id, house):
    asha, ends = house.actor("asha"), None
    with db.transaction(asha):
        ends = db.now() + timedelta(minutes=60)
        access.give(case_id, asha.id, Standing.EMERGENCY, "danger", until=ends)
    parties = look(house, "cora", case_id).parties
    (hour,) = [party for party in parties if party.kind == "emergency"]
    assert (hour.name, hour.until) == ("asha", ends)


def test_people_come_and_go_by_the_pages(world, cast, filing):
    app = make_app(world)
    with db.transaction(cast.amina):
        case_id = file_report(cast.amina, filing()).id
    cora = Browser(app).sign_in("cora")
    page = cora.get(f"/cases/{case_id}").get_data(as_text=True)
    assert "Add a person to this case" in page
    assert "opens only in an emergency" in page
    assert "I am done with this case" not in page
    form = f"/cases/{case_id}/add-person"
    shown = cora.get(form).get_data(as_text=True)
    assert "Legal officer: opens “Who is complained of”" in shown
    assert "Lena (Legal officer)" in shown
    assert "Ines (Investigator)" not in shown
    lena = str(world.made.people["lena"])
    body = {"person": lena, "kind": "lead", "why": "language"}
    answer = cora.post(form, body)
    assert answer.status_code == 422
    assert "does not fit" in answer.get_data(as_text=True)
    assert cora.post(form, {**body, "kind": "legal_officer"}).status_code == 303
    assert "Lena (Legal officer)" not in cora.get(form).get_data(as_text=True)
    own = Browser(app).sign_in("lena")
    page = own.get(f"/cases/{case_id}").get_data(as_text=True)
    assert "I am done with this case" in page
    assert "Speaks a language that is needed" in page
    leave = f"/cases/{case_id}/leave-case"
    assert "declare a conflict" in own.get(leave).get_data(as_text=True)
    answer = own.post(leave, {"confirmed": "yes"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert own.get(f"/cases/{case_id}").status_code == 404
    cora.post(form, {**body, "kind": "legal_officer"})
    end = f"/cases/{case_id}/end-standing"
    chosen = cora.first_choice(end, "standing")
    assert "Lena (Legal officer)" in cora.get(end).get_data(as_text=True)
    assert cora.post(end, {"standing": chosen}).status_code == 303
