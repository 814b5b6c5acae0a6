"""People, desks, offices and routes, looked after through the pages."""

import re
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text

from auth.models import Desk, Membership, Person
from auth.words import WEEKDAYS
from core import db
from tests.conftest import CHEAP
from tests.pages import Browser, make_app
from vault import crypto
from vault.crypto import Cost
from vault.models import HeldKey

HALF = re.compile(r"\b[0-9A-Z]{5}-[0-9A-Z]{5}\b")
PASSWORD = re.compile(r"\b(?:[0-9A-Z]{5}-){3}[0-9A-Z]{5}\b")
CHOSEN = "four words of no meaning"


@pytest.fixture(scope="module")
def app(world):
    """The application; stretching passwords is cheap here."""
    patched = pytest.MonkeyPatch()
    patched.setattr("auth.credentials.Cost", lambda *own: Cost(*own) if own else CHEAP)
    yield make_app(world)
    patched.undo()


@pytest.fixture
def adam(app):
    return Browser(app).sign_in("adam")


@pytest.fixture
def cora(app):
    return Browser(app).sign_in("cora")


def unique(stem):
    return f"{stem}-{uuid.uuid4().hex[:8]}"


def page(answer):
    return answer.get_data(as_text=True)


@pytest.fixture
def hire(adam, world):
    """Open an account: `hire("investigator")` returns who, and the password."""

    def hire_one(role="investigator", **more):
        username = unique("p")
        answers = {
            "username": username,
            "name": username.title(),
            "roles": role,
            "office": str(world.made.offices["GVA"]),
            **more,
        }
        answer = adam.post("/people/new", answers)
        assert answer.status_code == 200, page(answer)
        return username, PASSWORD.search(page(answer))[0]

    return hire_one


@pytest.fixture
def join(hire, app):
    """Hire somebody who has signed in and chosen a password."""

    def join_one(role="investigator"):
        username, password = hire(role)
        settle_in(app, username, password)
        return username

    return join_one


def settle_in(app, username, password):
    seen = Browser(app).sign_in(username, password)
    answer = seen.post("/account/choose-password", {"new": CHOSEN, "again": CHOSEN})
    assert answer.status_code == 303
    return seen


def change(seen, old, new=CHOSEN, again=None):
    answers = {"old": old, "new": new, "again": again or new}
    return seen.post("/account/change-password", answers)


def id_of(cast, username):
    with db.transaction(cast.adam) as session:
        return session.scalar(select(Person.id).where(Person.username == username))


@pytest.fixture
def asked_desk(adam, cora, cast, world, join):
    """Ask for a desk of two investigators: its id, who they are, and the change."""
    members, before = [join(), join()], waiting(cora)
    answers = {
        "name": unique("Desk"),
        "kind": "investigation",
        "office": str(world.made.offices["GVA"]),
        "members": [str(id_of(cast, name)) for name in members],
    }
    answer = adam.post("/desks/new", answers)
    assert answer.status_code == 303, page(answer)
    (path,) = waiting(cora) - before
    return uuid.UUID(answer.location.rpartition("/")[2]), members, path


@pytest.fixture
def desk(cora, asked_desk):
    """A desk of two investigators that a coordinator confirmed."""
    desk_id, members, path = asked_desk
    answer = cora.post(f"{path}/decide", {"confirmed": "yes"})
    assert answer.status_code == 303, page(answer)
    return desk_id, members


def waiting(seen):
    """The addresses of the changes that wait."""
    listed = page(seen.get("/changes")).partition("Decided lately")[0]
    return set(re.findall(r'href="(/changes/[0-9a-f-]{36})"', listed))


def seat(adam, cast, desk_id, username, verb="add"):
    person = str(id_of(cast, username))
    return adam.post(f"/desks/{desk_id}/{verb}-member", {"person": person})


def give(seen, cast, desk_id, username, compared="yes"):
    answers = {"person": str(id_of(cast, username)), "compared": compared}
    return seen.post(f"/desks/{desk_id}/give-key", answers)


def remove(adam, cast, desk_id, username):
    return seat(adam, cast, desk_id, username, "remove")


def close(adam, cast, username):
    return adam.post(f"/people/{id_of(cast, username)}/disable")


# People


def test_a_new_person_gets_a_password_that_is_shown_once(adam, hire):
    username, password = hire()
    assert username in page(adam.get("/people"))
    for path in ("/people", "/", "/people/new"):
        assert password not in page(adam.get(path))


def test_a_one_time_password_is_in_no_address_log_cookie_or_row(
    hire, adam, world, caplog
):
    caplog.set_level("DEBUG")
    _, password = hire()
    assert password not in caplog.text
    cookies = [cookie.value for cookie in adam.client._cookies.values()]
    assert not any(password in value for value in cookies)
    with world.owner() as owner:
        rows = owner.execute(text("SELECT detail FROM audit_rows")).scalars()
        assert not any(password in detail for detail in rows)


def test_the_answer_that_shows_a_password_is_not_stored(adam, world):
    answers = {
        "username": unique("p"),
        "name": "Somebody",
        "roles": "auditor",
        "office": str(world.made.offices["GVA"]),
    }
    answer = adam.post("/people/new", answers)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.location is None


def test_a_code_opens_only_the_page_where_a_password_is_chosen(app, hire):
    username, password = hire()
    seen = Browser(app).sign_in(username, password)
    for path in ("/", "/account", "/cases", "/people/new"):
        assert seen.get(path).location.endswith("/account/choose-password")
    for path in ("/account/sign-out-everywhere", "/account/change-password"):
        assert seen.post(path).location.endswith("/account/choose-password")
    assert seen.get("/account/choose-password").status_code == 200


def test_once_a_password_is_chosen_the_code_opens_no_more(app, hire):
    username, password = hire()
    seen = settle_in(app, username, password)
    assert seen.get("/account").location.endswith("/sign-in")
    again = seen.post("/sign-in", {"username": username, "password": password})
    assert again.status_code == 422
    assert seen.sign_in(username, CHOSEN).get("/account").status_code == 200


def test_a_name_that_is_taken_is_refused_and_nothing_typed_is_lost(adam, world):
    answers = {
        "username": "Amina",
        "name": "Another Amina",
        "roles": "auditor",
        "office": str(world.made.offices["GVA"]),
    }
    answer = adam.post("/people/new", answers)
    assert answer.status_code == 422
    assert "Choose another name to sign in with." in page(answer)
    assert 'value="Another Amina"' in page(answer)


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("username", "with space", "Use 2 to 40 letters"),
        ("username", "àmina", "Use 2 to 40 letters"),
        ("roles", ["auditor", "investigator"], "goes with no other"),
        ("roles", ["care_officer", "investigator"], "cannot also investigate"),
        ("roles", "king", "Choose one of the answers listed"),
        ("office", str(uuid.UUID(int=7)), "Choose one of the answers listed"),
        ("staff_number", "S-1001", "has this staff number already"),
        ("email", "somebody", "Enter an address like name@example.org"),
        ("email", "a b@example.org", "Enter an address like name@example.org"),
        ("email", "somebody@example", "Enter an address like name@example.org"),
        ("email", "<a@b.org>", "Enter an address like name@example.org"),
    ],
)
def test_a_problem_of_a_person_is_named_at_its_field(
    adam, world, field, value, problem
):
    answers = {
        "username": unique("p"),
        "name": "Somebody",
        "roles": "auditor",
        "office": str(world.made.offices["GVA"]),
        field: value,
    }
    answer = adam.post("/people/new", answers)
    assert answer.status_code == 422
    assert problem in page(answer)


def test_a_closed_account_is_signed_out_and_never_signs_in_again(app, adam, cast, join):
    username = join()
    seen = Browser(app).sign_in(username, CHOSEN)
    assert close(adam, cast, username).status_code == 303
    assert seen.get("/account").status_code == 303
    answers = {"username": username, "password": CHOSEN}
    assert Browser(app).post("/sign-in", answers).status_code == 422
    assert close(adam, cast, username).status_code == 409
    shown = page(adam.get(f"/people/{id_of(cast, username)}"))
    assert "Account closed" in shown
    assert "/disable" not in shown


def test_nobody_closes_their_own_account(adam, cast):
    assert close(adam, cast, "adam").status_code == 403
    assert "/disable" not in page(adam.get(f"/people/{cast.adam.id}"))
    assert adam.get("/people").status_code == 200


def test_closing_an_account_that_changed_meanwhile_is_stale(adam, cast, join):
    path = f"/people/{id_of(cast, join())}/disable"
    answers = {**adam.hidden(path), "version": "99"}
    answer = adam.client.post(path, data=answers)
    assert answer.status_code == 409
    assert "This has changed meanwhile" in page(answer)


# Desks


def test_the_first_members_of_a_desk_hold_its_key(app, adam, desk):
    desk_id, members = desk
    assert "2 hold the key" in page(adam.get(f"/desks/{desk_id}"))
    own = Browser(app).sign_in(members[0], CHOSEN)
    assert "You hold the key" in page(own.get("/account"))
    assert own.get(f"/desks/{desk_id}").status_code == 200


def test_a_desk_needs_a_name_of_its_own_and_two_who_fit(adam, cast, world):
    office = str(world.made.offices["GVA"])
    answers = {"name": unique("Desk"), "kind": "investigation", "office": office}
    one = {**answers, "members": [str(cast.ines.id)]}
    assert "Choose at least two members." in page(adam.post("/desks/new", one))
    wrong = {**answers, "members": [str(cast.ines.id), str(cast.salma.id)]}
    assert "whose role fits" in page(adam.post("/desks/new", wrong))
    same = {**answers, "name": "Legal", "members": [str(cast.ines.id)]}
    assert "A desk has this name already." in page(adam.post("/desks/new", same))


def test_a_new_member_sees_nothing_until_a_member_gives_the_key(
    app, adam, cast, desk, join
):
    desk_id, members = desk
    new = join()
    assert seat(adam, cast, desk_id, new).status_code == 303
    assert "Waits for the key" in page(adam.get("/desks"))
    own = Browser(app).sign_in(new, CHOSEN)
    assert "You wait for the key" in page(own.get("/account"))
    assert own.get(f"/desks/{desk_id}").status_code == 404
    assert own.get(f"/desks/{desk_id}/give-key").status_code == 404
    giver = Browser(app).sign_in(members[0], CHOSEN)
    assert "Somebody waits for the key" in page(giver.get("/account"))
    assert give(giver, cast, desk_id, new).status_code == 303
    assert "You hold the key" in page(own.get("/account"))


def test_the_giver_compares_the_very_fingerprint_that_the_new_member_sees(
    app, adam, cast, desk, join
):
    desk_id, members = desk
    new = join()
    seat(adam, cast, desk_id, new)
    own = page(Browser(app).sign_in(new, CHOSEN).get("/account"))
    shown = re.search(r"\b([0-9a-f]{4} ){15}[0-9a-f]{4}\b", own)[0]
    giver = Browser(app).sign_in(members[1], CHOSEN)
    assert shown in page(giver.get(f"/desks/{desk_id}/give-key"))
    answer = give(giver, cast, desk_id, new, compared="no")
    assert answer.status_code == 422
    assert "Compare it first" in page(answer)


def test_a_key_is_given_only_to_who_waits_at_that_desk(app, cast, desk, join):
    desk_id, members = desk
    giver = Browser(app).sign_in(members[0], CHOSEN)
    assert give(giver, cast, desk_id, join()).status_code == 422
    assert give(giver, cast, desk_id, members[1]).status_code == 422
    assert "There is nobody to choose now." in page(
        giver.get(f"/desks/{desk_id}/give-key")
    )


def test_an_administrator_gives_no_key(adam, cast, desk, join):
    desk_id, _ = desk
    new = join()
    seat(adam, cast, desk_id, new)
    assert "give-key" not in page(adam.get(f"/desks/{desk_id}"))
    answers = {**adam.token(), "person": str(id_of(cast, new)), "compared": "yes"}
    answer = adam.client.post(f"/desks/{desk_id}/give-key", data=answers)
    assert answer.status_code == 404


def test_who_is_seated_has_a_role_that_fits_and_no_place_there(adam, cast, desk, join):
    desk_id, members = desk
    form = page(adam.get(f"/desks/{desk_id}/add-member"))
    assert str(cast.ines.id) in form
    assert str(cast.salma.id) not in form
    assert str(id_of(cast, members[0])) not in form
    assert seat(adam, cast, desk_id, members[0]).status_code == 422


def test_a_removed_member_loses_the_key_at_once(app, adam, cast, desk):
    desk_id, (stays, goes) = desk
    own = Browser(app).sign_in(goes, CHOSEN)
    assert remove(adam, cast, desk_id, goes).status_code == 303
    assert own.get(f"/desks/{desk_id}").status_code == 404
    shown = page(adam.get(f"/desks/{desk_id}"))
    assert "Only one holds the key" in shown
    assert "once two members hold its key" in shown
    answer = remove(adam, cast, desk_id, stays)
    assert answer.status_code == 422
    assert "Nobody else holds the desk’s key." in page(answer)


def test_closing_the_last_account_of_a_desk_locks_its_key_away_and_says_so(
    adam, cast, desk
):
    desk_id, members = desk
    for username in members:
        assert close(adam, cast, username).status_code == 303
    shown = page(adam.get(f"/desks/{desk_id}"))
    assert "Nobody can open it" in shown
    assert "Nobody at this desk can open its cases now." in shown
    assert f"/desks/{desk_id}" in page(adam.get("/desks")).partition("<table")[0]
    with db.transaction(cast.adam) as session:
        keys = session.scalars(select(HeldKey).where(HeldKey.holder_id == desk_id))
        assert [key.gated for key in keys] == [True]
        seats = select(Membership).where(
            Membership.desk_id == desk_id, Membership.left_at.is_(None)
        )
        assert session.scalars(seats).all() == []


# Offices and routes


def an_office(**changes):
    code = uuid.uuid4().hex[:6].upper()
    return {
        "code": f"x{code}",
        "name": f"Office {code}",
        "country": "ke",
        "region": "Eastern Africa",
        "zone": "Africa/Nairobi",
        "weekend": ["sat", "sun"],
        **changes,
    }


@pytest.fixture
def office(adam):
    """Enter an office; returns its path."""
    answer = adam.post("/offices/new", an_office())
    assert answer.status_code == 303, page(answer)
    return answer.location


def test_an_office_is_entered_with_its_zone_and_weekend(adam, office):
    shown = page(adam.get(office))
    assert "Africa/Nairobi" in shown
    assert "Saturday, Sunday" in shown
    assert "Nowhere yet" in shown


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("code", "NBO", "An office has this code already."),
        ("code", "N.B", "Use 2 to 8 letters"),
        ("country", "XX", "two letters, like KE"),
        ("zone", "Africa/Nowhere", "Enter a time zone that exists"),
        ("zone", "../secret", "Enter a time zone that exists"),
        ("weekend", [], "Choose at least one answer."),
        ("weekend", list(WEEKDAYS), "Leave at least one day"),
    ],
)
def test_a_problem_of_an_office_is_named_at_its_field(adam, field, value, problem):
    answer = adam.post("/offices/new", an_office(**{field: value}))
    assert answer.status_code == 422
    assert problem in page(answer)


def ask(adam, office, world, desk="legal", kind="legal", **more):
    answers = {"kind": kind, "desk": str(world.made.desks[desk]), **more}
    return adam.post(f"{office}/ask-for-route", answers)


@pytest.fixture
def asked(adam, cora, office, world):
    """Ask for a route; returns the change's path."""
    before = waiting(cora)
    assert ask(adam, office, world).status_code == 303
    (path,) = waiting(cora) - before
    return path


def test_a_route_holds_once_a_coordinator_confirms(adam, cora, office, asked):
    assert "Nowhere yet" in page(adam.get(office))
    assert "Changes that wait to be confirmed" in page(adam.get(office))
    assert asked in page(cora.get("/changes"))
    assert "for you to confirm" in page(cora.get("/account"))
    assert asked in page(adam.get("/changes"))
    answer = cora.post(f"{asked}/decide", {"confirmed": "yes"})
    assert answer.status_code == 303
    assert "Confirmed" in page(cora.get(asked))
    shown = page(adam.get(office))
    assert "Legal" in shown
    assert "Changes that wait to be confirmed" not in shown


def test_a_route_that_is_refused_changes_nothing(adam, cora, office, asked):
    cora.post(f"{asked}/decide", {"confirmed": "no"})
    assert "Refused" in page(cora.get(asked))
    assert "Changes that wait to be confirmed" not in page(adam.get(office))
    again = cora.post(f"{asked}/decide", {"confirmed": "yes", "version": "2"})
    assert again.status_code == 409


def test_who_confirms_sees_who_sits_at_the_desk(cora, asked):
    shown = page(cora.get(asked))
    assert "Lena" in shown
    assert "Adam" in shown


def test_one_change_of_a_route_waits_at_a_time(adam, office, asked, world):
    answer = ask(adam, office, world)
    assert answer.status_code == 422
    assert "waits to be confirmed" in page(answer)


def test_an_administrator_confirms_nothing(adam, asked):
    assert "/decide" not in page(adam.get(asked))
    assert adam.get(f"{asked}/decide").status_code == 404
    answers = {**adam.token(), "confirmed": "yes", "version": "1"}
    answer = adam.client.post(f"{asked}/decide", data=answers)
    assert answer.status_code == 404


def test_a_route_leads_to_a_desk_of_its_kind_with_two_able_members(
    adam, cast, desk, office, world
):
    answer = ask(adam, office, world, desk="care")
    assert "Choose a desk of this kind." in page(answer)
    same = str(world.made.desks["legal"])
    answer = ask(adam, office, world, alternative=same)
    assert "Choose another desk than the first." in page(answer)
    desk_id, members = desk
    remove(adam, cast, desk_id, members[0])
    answers = {"kind": "investigation", "desk": str(desk_id)}
    answer = adam.post(f"{office}/ask-for-route", answers)
    assert answer.status_code == 422
    assert "Two members must hold" in page(answer)


# One's own account


@pytest.mark.parametrize(
    ("new", "again", "problem"),
    [
        ("short", "short", "Use at least 12 characters."),
        ("aaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaa", "Use more different characters."),
        (CHOSEN, CHOSEN + "!", "This differs from the new password."),
        (CHOSEN, CHOSEN, "Choose a password other than the present one."),
    ],
)
def test_a_weak_or_mistyped_password_is_refused(app, join, new, again, problem):
    seen = Browser(app).sign_in(join(), CHOSEN)
    answer = change(seen, CHOSEN, new, again)
    assert answer.status_code == 422
    assert problem in page(answer)
    assert CHOSEN not in page(answer)


@pytest.mark.parametrize("new", ["short", "aaaaaaaaaaaaaaaa"])
def test_a_weak_first_password_is_refused_and_the_code_stays_open(app, hire, new):
    username, code = hire()
    seen = Browser(app).sign_in(username, code)
    answers = {"new": new, "again": new}
    assert seen.post("/account/choose-password", answers).status_code == 422
    assert settle_in(app, username, code)


def test_who_has_a_password_finds_no_page_to_choose_a_first_one(app, join):
    seen = Browser(app).sign_in(join(), CHOSEN)
    assert seen.get("/account/choose-password").status_code == 404
    assert change(seen, CHOSEN, f"{CHOSEN} and more").status_code == 303


def test_a_code_that_ran_out_is_replaced_by_another(app, adam, cast, world, hire):
    username, code = hire()
    person = f"/people/{id_of(cast, username)}"
    ran_out(world, id_of(cast, username))
    assert (
        Browser(app)
        .post("/sign-in", {"username": username, "password": code})
        .status_code
        == 422
    )
    assert "No code is open" in page(adam.get(person))
    assert adam.post(f"{person}/new-key").status_code == 409
    again = PASSWORD.search(page(adam.post(f"{person}/code")))[0]
    assert settle_in(app, username, again)
    assert f"{person}/code" not in page(adam.get(person))
    assert adam.post(f"{person}/code").status_code == 409


def ran_out(world, person_id):
    with world.owner() as owner:
        owner.execute(
            text(
                "UPDATE sign_in_codes SET expires_at = now() - interval '1 second'"
                " WHERE person_id = :id"
            ),
            {"id": person_id},
        )


def test_a_password_is_changed_by_who_knows_the_present_one(app, join):
    seen = Browser(app).sign_in(join(), CHOSEN)
    answer = change(seen, "something else entirely")
    assert answer.status_code == 422
    assert "This is not your present password." in page(answer)
    assert seen.get("/account/change-password").status_code == 200


def test_signing_out_everywhere_ends_every_session(app, join):
    username = join()
    one, two = (Browser(app).sign_in(username, CHOSEN) for _ in range(2))
    assert one.post("/account/sign-out-everywhere").location.endswith("/sign-in")
    for seen in (one, two):
        assert seen.get("/account").location.endswith("/sign-in")
    assert "You are signed out everywhere." in page(one.get("/sign-in"))


def test_the_account_page_tells_what_one_is(app, cast):
    shown = page(Browser(app).sign_in("amina").get("/account"))
    assert "PSEA focal point" in shown
    assert "Nairobi intake" in shown
    with db.transaction(cast.amina) as session:
        key = session.execute(
            text("SELECT public_key FROM holder_keys WHERE holder_id = :id"),
            {"id": cast.amina.id},
        ).scalar_one()
    digits = re.search(r"(?:[0-9a-f]{4} ){15}[0-9a-f]{4}", shown)[0]
    assert digits.replace(" ", "") == crypto.fingerprint(key)


def test_times_are_shown_in_the_zone_of_ones_office(app, adam, cast, join, world):
    username = join()
    close(adam, cast, username)
    path = f"/people/{id_of(cast, username)}"
    with world.owner() as owner:
        owner.execute(
            text("UPDATE people SET disabled_at = '2026-01-05T10:00Z' WHERE id = :id"),
            {"id": path.rpartition("/")[2]},
        )
    assert "11:00" in page(adam.get(path))


def test_names_are_in_no_audit_row_of_the_organisation(adam, hire, world, desk):
    username, _ = hire(staff_number=unique("S"))
    with world.owner() as owner:
        details = "\n".join(
            owner.execute(text("SELECT detail FROM audit_rows")).scalars()
        )
        name = owner.execute(select(Desk.name).where(Desk.id == desk[0])).scalar_one()
    assert username not in details
    assert username.title() not in details
    assert name not in details


def test_the_first_routes_hold_at_once_where_nobody_coordinates_yet(
    adam, office, world
):
    with world.owner() as owner:
        saved = owner.execute(
            text("DELETE FROM routes WHERE kind = 'coordination' RETURNING *")
        ).all()
    try:
        assert ask(adam, office, world).status_code == 303
        assert "Changes that wait to be confirmed" not in page(adam.get(office))
        assert "<td" in page(adam.get(office))
        assert "Legal</td>" in re.sub(r"\s+<", "<", page(adam.get(office)))
    finally:
        with world.owner() as owner:
            for row in saved:
                owner.execute(
                    text(
                        "INSERT INTO routes VALUES"
                        " (:office_id, :kind, :desk_id, :alternative_id)"
                    ),
                    row._asdict(),
                )


def test_nobody_is_given_a_key_before_they_chose_their_own_password(
    app, adam, cast, desk, hire
):
    desk_id, members = desk
    new, _ = hire()
    seat(adam, cast, desk_id, new)
    giver = Browser(app).sign_in(members[0], CHOSEN)
    answer = give(giver, cast, desk_id, new)
    assert answer.status_code == 422
    assert "choose their own password first" in page(answer)


# What takes two, beside routes


def test_a_desk_waits_for_a_coordinator_who_compares_the_fingerprints(
    app, adam, cora, asked_desk
):
    desk_id, members, path = asked_desk
    shown = page(adam.get(f"/desks/{desk_id}"))
    assert "A coordinator is asked to confirm its first members." in shown
    assert "No key yet" in shown
    assert "ask-for-key" not in shown
    shown = page(cora.get(path))
    for username in members:
        own = page(Browser(app).sign_in(username, CHOSEN).get("/account"))
        assert FINGERPRINT.search(own)[0] in shown
    assert "Shall these people hold the desk’s key?" in page(cora.get(f"{path}/decide"))
    cora.post(f"{path}/decide", {"confirmed": "no"})
    shown = page(adam.get(f"/desks/{desk_id}"))
    assert "its first members were not confirmed" in shown
    assert adam.post(f"/desks/{desk_id}/ask-for-key").status_code == 303
    assert "A coordinator is asked" in page(adam.get(f"/desks/{desk_id}"))


FINGERPRINT = re.compile(r"(?:[0-9a-f]{4} ){15}[0-9a-f]{4}")


@pytest.fixture
def lost(adam, cora, cast, desk):
    """A member of a desk who lost their password: desk, name, their page, change."""
    desk_id, (username, other) = desk
    person, before = f"/people/{id_of(cast, username)}", waiting(cora)
    answer = adam.post(f"{person}/new-key")
    assert answer.status_code == 200
    first = HALF.search(page(answer))[0]
    (path,) = waiting(cora) - before
    return desk_id, username, other, person, path, first


def test_a_new_key_is_asked_for_and_half_of_its_code_shown_once_to_each_of_two(
    app, adam, cora, cast, lost
):
    desk_id, username, other, person, path, first = lost
    before = FINGERPRINT.search(page(adam.get(person)))[0]
    assert "waits for a coordinator" in page(adam.get(person))
    assert before in page(cora.get(path))
    answer = cora.post(f"{path}/decide", {"confirmed": "yes"})
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    second = HALF.search(page(answer))[0]
    assert "Hand it over in person" in page(answer)
    for seen, address in ((cora, path), (cora, "/changes"), (adam, person)):
        for half in (first, second):
            assert half not in page(seen.get(address))
    assert first not in page(answer)
    assert "No key yet" in page(adam.get(person))
    assert "Their code can be used until" in page(adam.get(person))
    assert "Confirmed" in page(cora.get(path))
    shown = page(adam.get(f"/desks/{desk_id}"))
    assert "Waits for the key" in shown
    assert "the next member who signs in makes a new key" in shown
    refused = {"username": username, "password": CHOSEN}
    assert Browser(app).post("/sign-in", refused).status_code == 422
    settle_in(app, username, f"{first}-{second}")
    after = FINGERPRINT.search(page(adam.get(person)))[0]
    assert after != before
    giver = Browser(app).sign_in(other, CHOSEN)
    assert after in page(giver.get(f"/desks/{desk_id}/give-key"))
    assert give(giver, cast, desk_id, username).status_code == 303
    own = Browser(app).sign_in(username, CHOSEN)
    assert "You hold the key" in page(own.get("/account"))


def test_a_reset_is_asked_for_once_and_never_for_oneself(adam, cast, lost):
    person = lost[3]
    answer = adam.post(f"{person}/new-key")
    assert answer.status_code == 409
    assert "was asked for already" in page(answer)
    own = f"/people/{cast.adam.id}"
    assert "new-key" not in page(adam.get(own))
    assert adam.post(f"{own}/new-key").status_code == 403


def test_who_asked_for_a_reset_neither_confirms_it_nor_signs_in(app, adam, lost):
    _, username, _, _, path, _ = lost
    assert adam.get(f"{path}/decide").status_code == 404
    answers = {**adam.token(), "confirmed": "yes", "version": "1"}
    assert adam.client.post(f"{path}/decide", data=answers).status_code == 404
    assert Browser(app).sign_in(username, CHOSEN).get("/account").status_code == 200


# At one's own desk


@pytest.fixture
def member(app, desk):
    """The first member of a desk, in front of the pages."""
    return Browser(app).sign_in(desk[1][0], CHOSEN)


def days(number):
    return (datetime.now(UTC) + timedelta(days=number)).date().isoformat()


def be_away(seen, cast, desk_id, deputy, until=7, **more):
    answers = {"until": days(until), "deputy": str(id_of(cast, deputy)), **more}
    return seen.post(f"/desks/{desk_id}/be-away", answers)


def test_an_absence_is_noted_with_who_covers_and_ended_early(adam, cast, desk, member):
    desk_id, (_, other) = desk
    assert be_away(member, cast, desk_id, other).status_code == 303
    for shown in (page(adam.get(f"/desks/{desk_id}")), page(adam.get("/desks"))):
        assert "Away until" in shown
        assert f"{other.title()} covers." in shown
    shown = page(member.get("/account"))
    assert "You are away until" in shown
    assert f"/desks/{desk_id}/come-back" in shown
    assert "be-away" not in page(member.get(f"/desks/{desk_id}"))
    assert "Only one person at this desk" in page(member.get(f"/desks/{desk_id}"))
    assert member.post(f"/desks/{desk_id}/come-back").status_code == 303
    assert "Away until" not in page(adam.get(f"/desks/{desk_id}"))
    assert "be-away" in page(member.get(f"/desks/{desk_id}"))


def test_a_deputy_from_outside_sees_the_desk_and_until_when(
    app, cast, desk, member, join
):
    desk_id, _ = desk
    deputy = join()
    form = page(member.get(f"/desks/{desk_id}/be-away"))
    own = Browser(app).sign_in(deputy, CHOSEN)
    assert FINGERPRINT.search(page(own.get("/account")))[0] in form
    answer = be_away(member, cast, desk_id, deputy)
    assert answer.status_code == 422
    assert "Compare it first" in page(answer)
    assert be_away(member, cast, desk_id, deputy, compared="yes").status_code == 303
    shown = page(own.get("/account"))
    assert "You cover for" in shown
    assert "Your place here ends by itself" in shown
    shown = page(own.get(f"/desks/{desk_id}"))
    assert "to cover for a colleague" in shown
    assert "be-away" not in shown
    member.post(f"/desks/{desk_id}/come-back")
    assert own.get(f"/desks/{desk_id}").status_code == 404


@pytest.mark.parametrize("until", [-2, 93, 2000])
def test_an_absence_ends_within_ninety_days(cast, desk, member, until):
    desk_id, (_, other) = desk
    answer = be_away(member, cast, desk_id, other, until)
    assert answer.status_code == 422
    assert "Choose today or a day in the next 90 days." in page(answer)


def test_a_member_leaves_by_themselves_but_the_last_one_does_not(
    app, cast, desk, member
):
    desk_id, (_, other) = desk
    assert member.post(f"/desks/{desk_id}/leave-desk").location.endswith("/account")
    assert member.get(f"/desks/{desk_id}").status_code == 404
    stays = Browser(app).sign_in(other, CHOSEN)
    assert "Key number 2" in page(stays.get(f"/desks/{desk_id}"))
    answer = stays.post(f"/desks/{desk_id}/leave-desk")
    assert answer.status_code == 422
    assert "Nobody else holds the desk’s key." in page(answer)


def test_an_alarm_stands_on_top_for_who_coordinates(adam, cora, cast, desk):
    desk_id, members = desk
    for username in members:
        close(adam, cast, username)
    with db.transaction(cast.adam) as session:
        name = session.get_one(Desk, desk_id).name
    for address in ("/account", "/changes"):
        shown = page(cora.get(address))
        assert f"{name}: nobody at this desk can open its cases now." in shown


# Addresses


def test_an_address_is_kept_in_small_letters_and_belongs_to_one_person(
    adam, hire, cast
):
    address = f"{unique('Some.Body')}@Example.org"
    username, _ = hire(email=address)
    assert address.lower() in page(adam.get(f"/people/{id_of(cast, username)}"))
    answers = {"username": unique("p"), "name": "Somebody", "roles": "auditor"}
    form = adam.first_choice("/people/new", "office")
    again = adam.post("/people/new", {**answers, "office": form, "email": address})
    assert again.status_code == 422
    assert "Someone has this address already." in page(again)
    assert f'value="{address}"' in page(again)
