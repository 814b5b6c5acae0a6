"""The pages of the service directory: kept by some, read by those who refer."""

import secrets

import pytest
from sqlalchemy import text

from referrals.steps import NEW_SERVICE, ON_SERVICE
from tests.referrals.pages import EVERYBODY, send, shown


def test_the_directory_is_kept_in_pages(play, browser, world):
    salma, name = browser("salma"), f"Clinic {secrets.token_hex(4)}"
    answer = send(
        salma,
        "/services/new",
        name=name,
        kind="legal",
        office=str(world.made.offices["NBO"]),
        desk=str(world.made.desks["clinic"]),
        where="Town centre",
        hours="Weekdays",
    )
    path = answer.location
    assert name in shown(salma, "/services")
    assert "Verified 0 days ago" in shown(salma, "/services")
    assert "Town centre" in shown(salma, f"{path}/verify")
    send(salma, f"{path}/verify", where="By the bridge", hours="Weekdays")
    assert "By the bridge" in shown(salma, path)
    send(salma, f"{path}/withdraw", why="closed")
    assert name not in shown(salma, "/services")
    assert "Withdrawn" in shown(salma, path)


def test_an_old_entry_says_that_it_is_to_be_verified_again(play, browser, world):
    with world.owner() as connection:
        old = text(
            "UPDATE services SET verified_at = now() - interval '91 days'"
            " WHERE id = :id"
        )
        connection.execute(old, {"id": play.service_id})
    assert "Verify again" in shown(browser("amina"), "/services")
    assert "Verify again" in shown(browser("amina"), f"/services/{play.service_id}")


@pytest.mark.parametrize("who", EVERYBODY)
def test_the_directory_opens_to_those_who_refer(play, browser, who):
    client, reads = browser(who), who in ("amina", "cora", "salma", "adam")
    for path in ("/services", f"/services/{play.service_id}"):
        assert client.get(path).status_code == (200 if reads else 404), path
    keeps = who in ("salma", "adam")
    steps = [
        step.path.replace("<uuid:id>", str(play.service_id)) for step in ON_SERVICE
    ]
    for path in (NEW_SERVICE.path, *steps):
        assert client.get(path).status_code == (200 if keeps else 404), path
        assert client.post(path).status_code == (422 if keeps else 404), path
