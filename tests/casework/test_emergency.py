"""Breaking the glass: an hour on one case, two alerted, reviewed; never the barred."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import create_engine, select, text
from sqlalchemy.exc import DBAPIError

from auth import access
from auth.policy import Standing
from casework import cases
from casework.commands import desk, emergency, inquiry
from casework.commands.intake import file_report
from casework.models.case import Case
from casework.models.emergency import Emergency
from casework.models.progress import ClockRow
from casework.queries.cases import case_page, my_cases
from casework.queries.emergencies import alerts, count_alerts
from casework.sweeping import end_standings
from core import db
from core.errors import Forbidden, Invalid, NotVisible
from tests.pages import Browser, make_app
from tests.vault.raw import opened

HOUR = timedelta(minutes=60)


@pytest.fixture
def case(cast, filing):
    with db.transaction(cast.amina):
        return file_report(cast.amina, filing())


@pytest.fixture(autouse=True)
def ends_afterwards(world):
    yield
    with world.owner() as connection:
        over = "UPDATE standings SET until = now() WHERE kind = 'emergency'"
        connection.execute(text(over))


def open_it(actor, reference, at=None, **changes):
    body = {"reference": reference, "reason": "danger_to_survivor", "confirmed": True}
    with db.transaction(actor, at):
        return emergency.break_glass(actor, None, {**body, **changes})


def parts(world, actor, case_id):
    engine = create_engine(world.where.owner)
    with engine.connect() as connection:
        found = {name for name, _ in opened(connection, actor.keyring, case_id)}
    engine.dispose()
    return found


def seen(actor, case_id):
    with db.transaction(actor) as session:
        return session.get(Case, case_id) is not None


def test_before_the_glass_is_broken_there_is_nothing(world, cast, case):
    assert not seen(cast.focal_3, case.id)
    assert parts(world, cast.focal_3, case.id) == set()
    with db.transaction(cast.focal_3):
        assert case.id not in {line.case.id for line in my_cases(cast.focal_3)}


def test_it_opens_report_survivor_and_care_and_no_more(world, cast, case):
    assert open_it(cast.focal_3, case.reference) == case.id
    assert parts(world, cast.focal_3, case.id) == {"report", "survivor", "care"}
    with db.transaction(cast.focal_3):
        page = case_page(cast.focal_3, case.id)
    assert page.emergency
    assert page.opened.words
    assert page.may == {"see_case", "break_glass"}
    assert page.standings == {Standing.DUTY, Standing.EMERGENCY}


def test_it_opens_to_that_person_and_not_to_the_desk(world, cast, case):
    open_it(cast.focal_3, case.reference)
    assert parts(world, cast.focal_2, case.id) == set()
    assert not seen(cast.focal_2, case.id)


@pytest.mark.parametrize("spelled", ["{}", " {} ", "{lower}", "{bare}", "{code}"])
def test_a_reference_is_found_however_it_is_typed(cast, case, spelled):
    bare = case.reference.replace("-", "")
    said = spelled.format(
        case.reference, lower=case.reference.lower(), bare=bare, code=bare[1:]
    )
    assert open_it(cast.focal_3, said) == case.id


def test_two_colleagues_are_alerted_at_once_and_the_trail_tells(world, cast, case):
    open_it(cast.focal_3, case.reference)
    for who in (cast.cora, cast.coordinator_2, cast.focal_2):
        with db.transaction(who):
            assert [line.row.case_id for line in alerts(who)].count(case.id) == 1
            assert count_alerts(who)
    with db.transaction(cast.focal_3):
        assert case.id not in {line.row.case_id for line in alerts(cast.focal_3)}
    for who in (cast.ines, cast.salma, cast.theo, cast.adam, cast.mallory):
        with db.transaction(who):
            assert not count_alerts(who)
    with world.owner() as connection:
        said = connection.scalars(
            text("SELECT action FROM audit_rows WHERE case_id = :c ORDER BY at"),
            {"c": case.id},
        ).all()
    assert "emergency:glass_broken" in said


def test_after_an_hour_it_is_shut_at_once_and_the_sweep_takes_the_keys(
    world, cast, case, now
):
    open_it(cast.focal_3, case.reference)
    with world.owner() as connection:
        past = "UPDATE standings SET until = now() WHERE case_id = :c AND until > now()"
        assert connection.execute(text(past), {"c": case.id}).rowcount == 1
    assert not seen(cast.focal_3, case.id)
    with db.transaction(cast.focal_3), pytest.raises(NotVisible):
        case_page(cast.focal_3, case.id)
    end_standings(now + HOUR)
    assert parts(world, cast.focal_3, case.id) == set()
    with db.transaction(cast.cora) as session:
        waits = session.scalars(
            text("SELECT DISTINCT renew FROM key_work WHERE case_id = :c"),
            {"c": case.id},
        )
        assert set(waits) == {True}
    with db.transaction(cast.cora):
        assert case_page(cast.cora, case.id).opened.words


def test_it_can_be_broken_again_when_the_hour_is_over(world, cast, case, now):
    open_it(cast.focal_3, case.reference)
    with world.owner() as connection:
        past = "UPDATE standings SET until = now() WHERE case_id = :c AND until > now()"
        connection.execute(text(past), {"c": case.id})
    end_standings(now + HOUR)
    open_it(cast.focal_3, case.reference)
    assert parts(world, cast.focal_3, case.id) == {"report", "survivor", "care"}


def listed_as_open(actor, case_id):
    with db.transaction(actor):
        return [line.open for line in alerts(actor) if line.row.case_id == case_id]


def test_it_can_be_broken_again_where_the_lead_ended_it(world, cast, case):
    open_it(cast.focal_3, case.reference)
    assert listed_as_open(cast.cora, case.id) == [True]
    with db.transaction(cast.cora) as session:
        access.end(case.id, cast.focal_3.id, Standing.EMERGENCY, "test")
        cases.settle(cast.cora, session.get_one(Case, case.id))
    assert listed_as_open(cast.cora, case.id) == [False]
    assert parts(world, cast.focal_3, case.id) == set()
    open_it(cast.focal_3, case.reference)
    assert parts(world, cast.focal_3, case.id) == {"report", "survivor", "care"}


def test_breaking_it_again_while_it_is_open_changes_nothing(world, cast, case):
    for _ in range(2):
        assert open_it(cast.focal_3, case.reference) == case.id
    with world.owner() as connection:
        count = "SELECT count(*) FROM emergencies WHERE case_id = :c"
        assert connection.scalar(text(count), {"c": case.id}) == 1


def test_a_form_sent_twice_at_once_opens_it_once(world, cast, case):
    with ThreadPoolExecutor(2) as pool:
        twice = pool.map(lambda _: open_it(cast.focal_3, case.reference), range(2))
        assert list(twice) == [case.id] * 2
    counts = (
        "SELECT (SELECT count(*) FROM emergencies WHERE case_id = :c), count(*)"
        " FROM standings WHERE case_id = :c AND kind = 'emergency'"
    )
    with world.owner() as connection:
        assert tuple(connection.execute(text(counts), {"c": case.id}).one()) == (1, 1)


def test_only_three_are_open_at_once(cast, filing):
    references = []
    for _ in range(4):
        with db.transaction(cast.amina):
            references.append(file_report(cast.amina, filing()).reference)
    for reference in references[:3]:
        open_it(cast.focal_3, reference)
    with pytest.raises(Invalid) as refused:
        open_it(cast.focal_3, references[3])
    assert "reference" in refused.value.fields


@pytest.mark.parametrize("said", ["C-0000-0000", "nothing", "", "C-7K3M", "'; --"])
def test_what_is_not_there_is_answered_alike(cast, said):
    with pytest.raises(Invalid) as refused:
        open_it(cast.focal_3, said)
    assert refused.value.fields == {"reference": [emergency.UNKNOWN]}


def test_the_barred_is_answered_as_if_it_were_not_there(world, cast, case):
    why = {"person": str(cast.focal_3.id), "why": "personal_tie"}
    with db.transaction(cast.cora):
        desk.bar_person(cast.cora, case.id, why)
    with pytest.raises(Invalid) as refused:
        open_it(cast.focal_3, case.reference)
    assert refused.value.fields == {"reference": [emergency.UNKNOWN]}
    assert parts(world, cast.focal_3, case.id) == set()
    assert open_it(cast.focal_2, case.reference) == case.id


def test_a_barred_colleague_on_duty_shuts_nobody_else_out(world, cast, case):
    """Their desk gives way to its members, gated; then one of them breaks the glass."""
    why = {"person": str(cast.focal_3.id), "why": "personal_tie"}
    with db.transaction(cast.cora):
        desk.bar_person(cast.cora, case.id, why)
    open_it(cast.focal_2, case.reference)
    for _ in range(2):
        with db.transaction(cast.cora) as session:
            cases.settle(cast.cora, session.get_one(Case, case.id))
        found = parts(world, cast.focal_2, case.id)
        assert found == {"report", "survivor", "care"}


def test_who_is_barred_meanwhile_loses_it_at_once(world, cast, case):
    open_it(cast.focal_3, case.reference)
    why = {"person": str(cast.focal_3.id), "why": "personal_tie"}
    with db.transaction(cast.cora):
        desk.bar_person(cast.cora, case.id, why)
    assert not seen(cast.focal_3, case.id)
    assert parts(world, cast.focal_3, case.id) == set()


@pytest.mark.parametrize(
    "who", ["amina", "ines", "salma", "lena", "cora", "theo", "adam", "pia", "mallory"]
)
def test_nobody_else_breaks_the_glass(cast, case, who):
    with pytest.raises(NotVisible):
        open_it(getattr(cast, who), case.reference)


def test_the_refused_look_is_on_record(world, cast):
    with pytest.raises(Invalid):
        open_it(cast.focal_3, "C-0000-0000")
    with world.owner() as connection:
        query = (
            "SELECT decision FROM audit_rows WHERE subject = :who"
            " AND action = 'emergency:refused' ORDER BY seq DESC LIMIT 1"
        )
        assert connection.scalar(text(query), {"who": cast.focal_3.id}) == "denied"


def test_without_two_to_alert_nothing_opens(world, cast, case, monkeypatch):
    monkeypatch.setattr(emergency.desks, "able", lambda _: {case.id: {cast.cora.id}})
    with pytest.raises(Invalid) as refused:
        open_it(cast.focal_3, case.reference)
    assert "confirmed" in refused.value.fields
    assert parts(world, cast.focal_3, case.id) == set()


def test_who_investigates_the_case_is_not_let_in_as_help(cast, case):
    """Whoever is on duty and works on the inquiry of this very case stays out."""
    with db.transaction(cast.cora):
        access.give(case.id, cast.focal_3.id, Standing.INVESTIGATOR, "test")
    with pytest.raises(Invalid) as refused:
        open_it(cast.focal_3, case.reference)
    assert list(refused.value.fields) == ["reference"]


def review(actor, case_id, verdict="justified"):
    with db.transaction(actor) as session:
        rows = select(Emergency.id).where(Emergency.case_id == case_id)
        body = {"emergency": str(session.scalar(rows)), "verdict": verdict}
        emergency.review_emergency(actor, case_id, body)


def clock(actor, case_id):
    with db.transaction(actor) as session:
        rows = select(ClockRow).filter_by(case_id=case_id, code="emergency.review")
        return session.scalars(rows).one()


def test_the_lead_reviews_it_within_its_limit(cast, case):
    open_it(cast.focal_3, case.reference)
    assert clock(cast.cora, case.id).stopped_at is None
    review(cast.cora, case.id)
    assert clock(cast.cora, case.id).stopped_at
    with db.transaction(cast.focal_2):
        assert not [a for a in alerts(cast.focal_2) if a.row.case_id == case.id]
    with pytest.raises(Invalid):
        review(cast.coordinator_2, case.id, "not_justified")


@pytest.mark.parametrize("who", ["amina", "ines", "salma", "focal_3"])
def test_nobody_but_the_lead_reviews_it(cast, case, who):
    open_it(cast.focal_3, case.reference)
    with pytest.raises((Forbidden, NotVisible)):
        review(getattr(cast, who), case.id)


def test_whoever_broke_the_glass_does_not_review_it(cast, case):
    open_it(cast.focal_3, case.reference)
    with db.transaction(cast.cora):
        access.give(case.id, cast.focal_3.id, Standing.LEAD, "test")
    with pytest.raises(Invalid):
        review(cast.focal_3, case.id)
    own = (
        "UPDATE emergencies SET reviewed_at = now(), reviewed_by = :me"
        " WHERE case_id = :c"
    )
    with (
        pytest.raises(DBAPIError, match="row-level security"),
        db.transaction(cast.focal_3) as session,
    ):
        session.execute(text(own), {"me": cast.focal_3.id, "c": case.id})


def test_nobody_writes_an_emergency_of_another(cast, case):
    planted = (
        "INSERT INTO emergencies (id, case_id, reference, person_id, reason, opened_at,"
        " ends_at, alerted) VALUES (gen_random_uuid(), :c, 'x', :who, 'x', now(),"
        " now() + interval '1 day', '{}')"
    )
    for who in (cast.cora, cast.ines, cast.focal_3):
        with (
            pytest.raises(DBAPIError, match="row-level security"),
            db.transaction(who) as session,
        ):
            session.execute(text(planted), {"c": case.id, "who": cast.focal_2.id})


def test_an_investigator_opens_no_identity_through_it(world, cast, case):
    with db.transaction(cast.ines):
        inquiry.take_case(cast.ines, case.id, {})
    open_it(cast.focal_3, case.reference)
    assert "survivor" not in parts(world, cast.ines, case.id)


# In pages


@pytest.fixture(scope="module")
def app(world):
    return make_app(world)


def text_of(answer):
    return answer.get_data(as_text=True)


def test_the_journey_in_pages(app, case):
    focal = Browser(app).sign_in("focal-3")
    assert "Emergencies" in text_of(focal.get("/"))
    form = {"reference": case.reference, "reason": "urgent_medical", "confirmed": "yes"}
    answer = focal.post("/emergencies/new", form)
    assert answer.status_code == 303
    page_of_case = f"/cases/{case.id}"
    assert answer.location == page_of_case
    page = text_of(focal.get(page_of_case))
    assert "Open to you in an emergency" in page
    assert "Rita of the reports" in page
    cora = Browser(app).sign_in("cora")
    assert "you are alerted" in text_of(cora.get("/"))
    assert case.reference in text_of(cora.get("/emergencies"))
    assert "Review an opening in an emergency" in text_of(cora.get(f"/cases/{case.id}"))
    assert page_of_case in text_of(cora.get("/emergencies"))
    assert "Medical help cannot wait" in text_of(cora.get(page_of_case))
    colleague = Browser(app).sign_in("focal-2")
    alerted = text_of(colleague.get("/emergencies"))
    assert case.reference in alerted
    assert page_of_case not in alerted
    ines = Browser(app).sign_in("ines")
    assert ines.get("/emergencies").status_code == 404
    assert "Emergencies" not in text_of(ines.get("/"))


def test_saying_no_or_nothing_is_told_at_the_field(app, case):
    focal = Browser(app).sign_in("focal-3")
    form = {"reference": case.reference, "reason": "urgent_medical", "confirmed": "no"}
    refused = focal.post("/emergencies/new", form)
    assert refused.status_code == 422
    assert case.reference in text_of(refused)
    assert focal.post("/emergencies/new").status_code == 422
