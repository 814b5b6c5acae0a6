"""A desk gives its cases to another: whose keys open what, and what goes on later."""

import secrets
import uuid
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from sqlalchemy import select, text

from auth import access, desks
from auth.actor import INTAKE, SETUP
from auth.models import Office, Person
from auth.policy import DeskKind, Role, Standing
from casework import cases
from casework.commands import handing
from casework.commands.desk import bar_person
from casework.commands.intake import Filing, file_report, set_aside
from casework.models.case import Survivor
from casework.models.progress import ClockRow
from casework.queries.cases import case_page
from casework.schemas.handing import WhyGiven
from casework.sla import CLOCKS
from core import db
from core.errors import Invalid, NotVisible
from core.events import Event
from referrals import loading
from referrals.commands.care import refer
from referrals.commands.directory import create_service
from tests.conftest import PASSWORD
from tests.pages import HIDDEN, MAIN, Browser, make_app
from tests.people import enlist
from tests.referrals.conftest import service_body
from tests.reports import report
from tests.vault import house as houses
from tests.vault.raw import opened
from vault import work

SECOND = {
    "intake": (DeskKind.INTAKE, Role.FOCAL_POINT),
    "care": (DeskKind.CARE, Role.CARE_OFFICER),
    "investigation": (DeskKind.INVESTIGATION, Role.INVESTIGATOR),
    "clinic": (DeskKind.PROVIDER, Role.PROVIDER),
}


def _second(house, world, session, key, kind, role):
    """Another desk of a kind, with two members of its own."""
    tag = secrets.token_hex(4)
    for number in (1, 2):
        name = f"{key}-{number}"
        made = enlist(world, f"{name}-{tag}", [role], name)
        house.people[name] = made.id
        house.privates[name] = houses.unlock(session, made.id, PASSWORD, world.pepper)
    members = [house.people[f"{key}-{number}"] for number in (1, 2)]
    desk = desks.create(f"{key} two {tag}", kind, house.office, members)
    desks.make_key(desk.id, members)
    house.desks[f"{key}_2"] = desk.id


@pytest.fixture
def house(world):
    made = houses.build(world)
    db.connect(world.where.owner)
    try:
        with db.transaction(SETUP) as session:
            for key, (kind, role) in SECOND.items():
                _second(made, world, session, key, kind, role)
    finally:
        db.connect(world.where.app)
    return made


@pytest.fixture
def act(house, world):
    """What the people of the house do, by name."""

    def filing():
        with db.transaction(INTAKE) as session:
            office = session.get_one(Office, house.office)
        key = secrets.token_hex(16)
        return Filing(report=report(), office=office, key=key, source="test")

    def file(count=1):
        found = [filing() for _ in range(count)]
        with db.transaction(INTAKE):
            return [file_report(INTAKE, one).id for one in found]

    def keep():
        arrival = filing()
        with db.transaction(INTAKE):
            words = {"words": "damp rice"}
            return set_aside(INTAKE, arrival, words, "set_aside", "not_pseah").id

    def give(who="amina", desk="intake", *, stays=True, **more):
        body = {"desk": str(house.desks[f"{desk}_2"]), "stays": stays}
        body |= {"why": WhyGiven.WORKLOAD, **more}
        shown = handing.give_cases(house.actor(who), house.desks[desk], body)
        values = shown.values
        return values["given"], values["left"], values["ended"]

    def do(who, command, case_id, **body):
        actor = house.actor(who)
        with db.transaction(actor):
            return command(actor, case_id, body)

    def opens(who, case_id, referral_id=None):
        with world.owner() as owner:
            ring = house.actor(who).keyring
            return {name for name, _ in opened(owner, ring, case_id, referral_id)}

    def look(who, case_id):
        actor = house.actor(who)
        with db.transaction(actor):
            return case_page(actor, case_id)

    return SimpleNamespace(
        file=file, keep=keep, give=give, do=do, opens=opens, look=look
    )


@pytest.fixture
def rows(world):
    """What the owner finds: `rows(sql, **values)`."""

    def find(sql, **values):
        with world.owner() as owner:
            return [tuple(row) for row in owner.execute(text(sql), values)]

    return find


READS = {"report", "thread", "survivor", "subject"}


def test_another_desk_stands_beside_and_opens_the_same(act, house):
    case_ids = act.file(3)
    assert act.give() == (3, 0, True)
    for case_id in case_ids:
        assert act.opens("intake-1", case_id) == READS
        assert act.opens("amina", case_id) == READS
    page = act.look("intake-2", case_ids[0])
    assert page.standings == {Standing.INTAKE}
    assert not page.opened.shut
    assert [event.event for event, _ in page.events][-1] == Event.CASE_GIVEN
    assert ("desk_overloaded", str(house.desks["intake_2"])) in [
        (event.facts["why"], event.facts["desk"])
        for event, _ in page.events
        if event.event == Event.CASE_GIVEN
    ]


def test_no_clock_listens_to_it():
    heard = {each for rule in CLOCKS.values() for each in (*rule.stops, *rule.ends)}
    assert Event.CASE_GIVEN not in heard | {rule.starts for rule in CLOCKS.values()}


GRANTS = (
    "SELECT c.name, c.version, g.holder_id, g.generation, g.gated, g.given_by"
    " FROM key_grants g JOIN compartments c ON c.id = g.compartment_id"
    " WHERE g.case_id = :id ORDER BY 1, 2, 3"
)
TRAIL = (
    "SELECT action, actor, detail FROM audit_rows WHERE subject = :id"
    " AND action ~ '^(standing|key):' ORDER BY seq"
)
GIVEN = "SELECT FROM audit_rows WHERE subject = :id AND action = 'case:given_to_desk'"
STANDS = (
    "SELECT holder_id, kind, reason, given_by, ended_at IS NULL FROM standings"
    " WHERE case_id = :id ORDER BY 1, 2"
)
WORK = "SELECT renew FROM key_work WHERE case_id = :id"


def test_many_at_once_come_to_what_each_would_come_to(act, house, rows):
    one, several = act.file(), act.file(2)
    amina, other = house.actor("amina"), house.desks["intake_2"]
    with db.transaction(amina):
        access.give(one[0], other, Standing.INTAKE, "desk_overloaded")
        cases.settle(amina, cases.load(amina, "see_case", one[0]))
    act.give()
    expected = rows(GRANTS, id=one[0])
    assert len(expected) > len(READS) * 2
    for case_id in several:
        assert rows(GRANTS, id=case_id) == expected
        assert rows(STANDS, id=case_id) == rows(STANDS, id=one[0])
        assert rows(WORK, id=case_id) == []
        assert rows(TRAIL, id=case_id) == rows(TRAIL, id=one[0])


def test_who_is_barred_at_the_other_desk_gets_nothing_and_a_colleague_does(
    act, house, monkeypatch
):
    plain, odd = act.file(2)
    person = str(house.people["intake-1"])
    act.do(
        "cora", bar_person, plain, person=str(house.people["lena"]), why="named_in_it"
    )
    act.do("cora", bar_person, odd, person=person, why="named_in_it")
    settled, settle = [], cases.settle
    monkeypatch.setattr(
        cases, "settle", lambda who, case: [settled.append(case.id), settle(who, case)]
    )
    assert act.give() == (2, 0, True)
    assert settled == []
    assert act.opens("intake-2", odd) == READS
    assert act.opens("intake-1", odd) == set()
    assert act.opens("intake-1", plain) == READS


def test_work_that_waits_is_done_on_the_way(act, house, rows):
    (case_id,) = act.file()
    with db.transaction(house.actor("cora")):
        access.give(case_id, house.people["cleo"], Standing.LEAD, "assigned")
    key = rows("SELECT id FROM compartments WHERE case_id = :id", id=case_id)[0][0]
    amina = house.actor("amina")
    with db.transaction(amina), db.serving("keys"):
        work.add([(key, case_id, None)], False)
    act.give()
    assert act.opens("intake-1", case_id) == READS
    assert act.opens("cleo", case_id) >= READS


@pytest.fixture
def in_twos(monkeypatch):
    """Two cases a transaction, one transaction a request."""
    monkeypatch.setattr(handing, "AT_ONCE", {True: 2, False: 2})
    monkeypatch.setattr(handing, "SECONDS", -1.0)


@pytest.mark.parametrize("stays", [True, False])
def test_what_is_given_stays_given_and_it_goes_on(in_twos, act, rows, house, stays):
    case_ids = act.file(5)
    assert act.give(stays=stays) == (2, 3, False)
    given = [case_id for case_id in case_ids if act.opens("intake-1", case_id)]
    assert len(given) == 2
    assert act.give("amira", stays=stays, done=2) == (4, 1, False)
    assert act.give(stays=stays, done=4) == (5, 0, True)
    assert act.give(stays=stays) == (0, 0, True)
    for case_id in case_ids:
        said = [row[0] for row in rows(TRAIL, id=case_id)]
        assert said.count("standing:given") == len(rows(STANDS, id=case_id))
        assert len(rows(GIVEN, id=case_id)) == 1


def test_two_who_give_at_once_do_no_harm(act, rows, house, monkeypatch):
    monkeypatch.setattr(handing, "AT_ONCE", {True: 3, False: 3})
    case_ids = act.file(12)
    with ThreadPoolExecutor() as pool:
        done = list(pool.map(act.give, ["amina", "amira"]))
    assert sum(given for given, _, _ in done) == 12
    other = house.desks["intake_2"]
    for case_id in case_ids:
        mine = [row for row in rows(STANDS, id=case_id) if row[0] == other]
        assert len(mine) == 1
        assert act.opens("intake-2", case_id) == READS


def test_who_leaves_loses_the_cases_at_once(act, house, rows):
    case_ids = act.file(2)
    amina = house.actor("amina")
    with db.transaction(amina):
        (kept,) = (
            box
            for box in amina.keyring.boxes(case_ids[0]).values()
            if box.name == "report"
        )
    assert act.give(stays=False) == (2, 0, True)
    for case_id in case_ids:
        assert act.opens("amina", case_id) == set()
        assert act.opens("intake-1", case_id) == READS
        with pytest.raises(NotVisible):
            act.look("amina", case_id)
    assert (kept.id,) in rows(
        "SELECT compartment_id FROM key_work WHERE case_id = :id AND renew",
        id=case_ids[0],
    )
    page = act.look("intake-1", case_ids[0])
    assert not page.opened.shut
    assert rows(WORK, id=case_ids[0]) == []
    versions = (
        "SELECT version FROM compartments WHERE case_id = :id AND name = 'report'"
    )
    assert rows(versions, id=case_ids[0]) == [(2,)]


def test_a_key_that_the_desk_knew_has_a_time_limit(act, house):
    (case_id,) = act.file()
    act.give(stays=False)
    with db.transaction(house.actor("cora")) as session:
        waiting = select(ClockRow).where(
            ClockRow.case_id == case_id, ClockRow.stopped_at.is_(None)
        )
        codes = {row.code for row in session.scalars(waiting)}
    assert any("key" in code for code in codes)


def test_where_the_other_desk_stood_already_the_first_only_leaves(act, house):
    (case_id,) = act.file()
    act.give(stays=True)
    assert act.give(stays=False) == (1, 0, True)
    assert act.opens("amina", case_id) == set()
    assert act.opens("intake-1", case_id) == READS


def test_closed_cases_and_kept_submissions_go_along(act, world, house):
    (closed,), kept = act.file(), act.keep()
    with world.owner() as owner:
        owner.execute(
            text("UPDATE cases SET stage = 'closed', closed_at = now() WHERE id = :id"),
            {"id": closed},
        )
    for stays in (True, False):
        assert act.give(stays=stays) == (2, 0, True)
    assert act.opens("intake-1", closed) == READS
    assert act.opens("intake-1", kept) == {"survivor"}
    assert act.opens("amina", kept) == set()


def test_what_the_giver_is_barred_from_is_neither_counted_nor_given(act, house):
    _, hidden = act.file(2)
    person = str(house.people["amina"])
    act.do("cora", bar_person, hidden, person=person, why="named_in_it")
    amina, desk_id = house.actor("amina"), house.desks["intake"]
    with db.transaction(amina):
        assert handing.count(amina, desk_id) == 1
    assert act.give() == (1, 0, True)
    assert act.opens("intake-1", hidden) == set()
    assert act.give("amira") == (1, 0, True)
    assert act.opens("intake-1", hidden) == READS


@pytest.mark.parametrize("stays", [True, False])
def test_a_case_stays_where_nobody_at_the_other_desk_may_work(act, house, stays):
    free, barred = act.file(2)
    for name in ("intake-1", "intake-2"):
        person = str(house.people[name])
        act.do("cora", bar_person, barred, person=person, why="named_in_it")
    assert act.give(stays=stays) == (1, 1, True)
    assert act.opens("amina", barred) == READS
    assert act.opens("intake-1", barred) == set()
    assert act.opens("intake-1", free) == READS


def test_a_supporters_desk_does_not_get_the_investigation(act, house, world):
    apart, free = act.file(2)
    with world.owner() as owner:
        owner.execute(
            text(
                "INSERT INTO standings (id, case_id, holder_id, kind, reason,"
                " started_at, entered_at) VALUES (:id, :case, :who, 'care_officer',"
                " 'accepted_care', now(), now() - interval '1 hour')"
            ),
            {"id": uuid.uuid4(), "case": apart, "who": house.people["investigation-1"]},
        )
    assert act.give("ines", "investigation") == (1, 1, True)
    assert "subject" not in act.opens("investigation-2", apart)
    assert "subject" in act.opens("investigation-2", free)


@pytest.fixture
def referral(act, house, world):
    """A case with a referral that waits at its provider."""
    (case_id,) = act.file()
    desk, office = str(house.desks["clinic_2"]), str(house.office)
    with db.transaction(house.actor("salma")) as session:
        body = service_body(world, desk=desk, office=office)
        service = create_service(house.actor("salma"), None, body)
        survivor = session.scalar(
            select(Survivor.id).where(Survivor.case_id == case_id)
        )
    body = {"survivor": str(survivor), "service": str(service), "urgent": False}
    body |= {"language": "en", "key": secrets.token_hex(16)}
    referral_id = act.do("salma", refer, case_id, **body)
    return case_id, referral_id


def test_a_care_desk_gives_its_referrals_along(act, house, referral, rows):
    assert act.give("salma", "care") == (1, 0, True)
    assert act.opens("care-1", *referral) == {"referral"}
    assert act.opens("salma", *referral) == {"referral"}
    assert rows(WORK, id=referral[0]) == []


def test_referrals_of_a_care_desk_that_leaves_wait_to_be_renewed(
    act, house, referral, rows
):
    _, referral_id = referral
    assert act.give("salma", "care", stays=False) == (1, 0, True)
    assert act.opens("salma", *referral) == set()
    assert act.opens("care-1", *referral) == {"referral"}
    waits = "SELECT renew FROM key_work WHERE referral_id = :id"
    assert rows(waits, id=referral_id) == [(True,)]
    care = house.actor("care-1")
    with db.transaction(care):
        loading.open_one(care, referral_id)
    assert rows(waits, id=referral_id) == []
    version = "SELECT version FROM compartments WHERE referral_id = :id"
    assert rows(version, id=referral_id) == [(2,)]
    assert act.opens("care-1", *referral) == {"referral"}
    gone = "SELECT holder_id FROM key_grants WHERE referral_id = :id"
    assert (house.desks["care"],) not in rows(gone, id=referral_id)


def test_a_referrals_key_that_the_giver_lacks_waits_for_who_holds_it(
    act, house, referral, world, rows
):
    _, referral_id = referral
    with world.owner() as owner:
        owner.execute(
            text(
                "UPDATE key_grants SET holder_id = :sara"
                " WHERE referral_id = :id AND holder_id = :desk"
            ),
            {
                "sara": house.people["sara"],
                "id": referral_id,
                "desk": house.desks["care"],
            },
        )
    act.give("salma", "care")
    assert rows(
        "SELECT renew FROM key_work WHERE referral_id = :id", id=referral_id
    ) == [(False,)]


def test_only_able_desks_of_the_same_kind_are_offered(act, house, world):
    amina, desk_id = house.actor("amina"), house.desks["intake"]
    able = house.desks["intake_2"]
    with db.transaction(amina):
        assert able in {row.id for row in handing.takers(desk_id)}
    with world.owner() as owner:
        owner.execute(
            text("UPDATE people SET disabled_at = now() WHERE id = :id"),
            {"id": house.people["intake-1"]},
        )
    with db.transaction(amina):
        offered = handing.takers(desk_id)
    assert {row.kind for row in offered} <= {DeskKind.INTAKE}
    assert not {able, desk_id} & {row.id for row in offered}
    with pytest.raises(Invalid) as refused:
        act.give()
    assert "desk" in refused.value.fields


def test_a_desk_is_given_away_by_its_own_members_only(act, house):
    act.file()
    for who in ("bruno", "intake-1", "cora", "adam", "lena"):
        if who in house.people:
            with pytest.raises(NotVisible):
                act.give(who)


def test_a_clinic_gives_no_cases_away(house):
    with db.transaction(house.actor("clinic-1")), pytest.raises(NotVisible):
        handing.load_giving(house.actor("clinic-1"), house.desks["clinic_2"])


@pytest.fixture
def browser(world, house):
    """Amina of this house in front of the pages."""
    with db.transaction(INTAKE) as session:
        name = session.get_one(Person, house.people["amina"]).username
    return Browser(make_app(world)).sign_in(name)


def test_the_page_says_how_far_it_came_and_goes_on(in_twos, act, house, browser):
    act.file(3)
    desk = house.desks["intake"]
    page = f"/desks/{desk}"
    path = f"{page}/give-cases"
    assert path in browser.get(page).get_data(as_text=True)
    assert "This desk stands on 3 cases." in browser.get(path).get_data(as_text=True)
    answers = {"desk": str(house.desks["intake_2"]), "stays": "yes"}
    answers |= {"why": "desk_closes"}
    answer = browser.post(path, answers)
    words = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert "2 of 3 cases are given." in words
    fields = dict(browser_hidden(words))
    assert fields["done"] == "2"
    words = browser.client.post(path, data=fields).get_data(as_text=True)
    assert "Cases given: 3." in words
    assert "Go on" not in words


def browser_hidden(words):
    """The hidden fields of the form that goes on."""
    return HIDDEN.findall(MAIN.search(words)[0])


def test_the_page_keeps_what_was_chosen_and_names_every_problem(house, browser):
    path = f"/desks/{house.desks['intake']}/give-cases"
    answer = browser.post(path, {"why": "desk_closes"})
    words = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert words.count("govuk-error-message") == 2
    assert 'value="desk_closes" checked' in words
