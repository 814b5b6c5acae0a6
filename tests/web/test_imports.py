"""The pages of imports, as those see them who may and those who may not."""

import io
import json
import uuid
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from auth.sessions import sign_in
from casework.queries.imports import imports_page
from core import db
from tests.conftest import PASSWORD
from tests.worlds import another, sign_everyone_in
from web.app import create_app
from web.guard import LOCAL_COOKIE


@pytest.fixture(scope="module")
def world(world, server):
    with another(world, server) as own:
        yield own


@pytest.fixture(scope="module")
def signed_in(world):
    return sign_everyone_in(world)


@pytest.fixture(scope="module")
def app(world):
    config = replace(world.config, database_url=world.where.app)
    app = create_app(config)
    app.config["WTF_CSRF_ENABLED"] = False
    return app


@pytest.fixture
def client_of(app, world):
    def signed_in(username: str) -> FlaskClient:
        client = app.test_client()
        cookie = sign_in(username, PASSWORD, world.pepper)
        client.set_cookie(LOCAL_COOKIE, cookie)
        return client

    return signed_in


@pytest.fixture
def amina(client_of) -> FlaskClient:
    return client_of("amina")


def item(**changes: Any) -> dict[str, Any]:
    mark = uuid.uuid4().hex
    return {
        "_id": mark,
        "_uuid": mark,
        "group_intake/office": "NBO",
        "group_concern/kind": "sexual_abuse",
        "group_account/narrative": "What was told.",
        **changes,
    }


def upload(client: FlaskClient, content: Any, **fields: str) -> TestResponse:
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    return client.post(
        "/imports/upload", data={"file": (io.BytesIO(data), "export.json"), **fields}
    )


def waiting(cast) -> uuid.UUID:
    """The submission of amina's that came last."""
    with db.transaction(cast.amina):
        found = [each.submission for each in imports_page(cast.amina).waiting]
    return max(found, key=lambda row: row.filed_at).id


def test_an_export_is_imported_and_every_item_listed(amina):
    filed, aside, bad = item(), item(**{"group_concern/kind": "not_pseah"}), ["x"]
    answer = upload(amina, [filed, aside, filed, bad])
    assert (answer.status_code, answer.location) == (303, "/imports")
    page = amina.get("/imports").text
    assert "4 received: 1 filed, 1 set aside, 1 here already, 1 rejected." in page
    assert filed["_id"] in page
    assert f"Here already, as {filed['_id']}" in page
    assert "Set aside: Not sexual misconduct" in page
    assert "Not a submission" in page
    assert '<a class="govuk-link" href="/cases/' in page


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "The file is empty."),
        (b"\xff\xfe", "not UTF-8"),
        (b"{", "The file is not JSON"),
        (b'{"count": 3}', "The file holds no submissions"),
        (b"[" * 100_000, "nested too deeply"),
    ],
)
def test_a_file_that_cannot_be_read_is_said_at_the_field(amina, content, said):
    answer = upload(amina, content)
    assert answer.status_code == 422
    assert said in answer.text
    assert 'href="#file"' in answer.text
    assert 'id="file-error"' in answer.text


def test_no_file_is_said_at_the_field(amina):
    answer = amina.post("/imports/upload", data={"office": "NBO"})
    assert answer.status_code == 422
    assert "Choose the file to import." in answer.text


def test_an_office_that_takes_nothing_is_said_at_the_field(amina):
    answer = upload(amina, [item()], office="XXX")
    assert answer.status_code == 422
    assert 'href="#office"' in answer.text


def test_a_file_that_is_too_large_is_refused(app, amina, monkeypatch):
    assert app.config["MAX_CONTENT_LENGTH"] == 2 * 1024 * 1024
    monkeypatch.setitem(app.config, "MAX_CONTENT_LENGTH", 1000)
    answer = upload(amina, b"[" + b" " * 1000 + b"]")
    assert answer.status_code == 413
    assert "This is too large" in answer.text


def test_a_report_of_no_office_goes_to_the_one_chosen(amina):
    mark = uuid.uuid4().hex
    upload(amina, [item(_id=mark, **{"group_intake/office": None})], office="NBO")
    assert 'href="/cases/' in amina.get("/imports").text.split(mark)[1][:900]


@pytest.mark.parametrize("username", ["ines", "salma", "theo", "adam", "lena", "pia"])
def test_others_find_no_imports(client_of, username):
    client = client_of(username)
    assert client.get("/imports").status_code == 404
    assert upload(client, [item()]).status_code == 404


def test_strangers_are_sent_to_sign_in(app):
    client = app.test_client()
    paths = ["/imports", f"/submissions/{uuid.uuid4()}"]
    assert [client.get(path).status_code for path in paths] == [303, 303]
    assert upload(client, [item()]).status_code == 303


def test_an_upload_without_its_token_is_refused(app, amina):
    app.config["WTF_CSRF_ENABLED"] = True
    try:
        assert upload(amina, [item()]).status_code == 400
    finally:
        app.config["WTF_CSRF_ENABLED"] = False


def test_hostile_words_are_shown_as_words(amina, cast):
    hostile = "<script>alert(1)</script>"
    kind = {"group_concern/kind": "not_pseah"}
    upload(amina, [item(**{"group_account/narrative": hostile, hostile: "x"}, **kind)])
    for path in ("/imports", f"/submissions/{waiting(cast)}"):
        page = amina.get(path)
        assert page.status_code == 200
        assert hostile not in page.text


def test_a_submission_shows_what_was_kept_and_what_to_do(amina, cast):
    upload(amina, [item(**{"group_concern/kind": "other_misconduct"})])
    submission_id = waiting(cast)
    page = amina.get(f"/submissions/{submission_id}").text
    assert "What was told." in page
    assert f"/submissions/{submission_id}/file" in page
    assert f"/submissions/{submission_id}/dismiss" in page


@pytest.mark.parametrize("username", ["bruno", "ines", "theo", "adam", "salma"])
def test_a_submission_of_others_is_no_page(client_of, amina, cast, username):
    upload(amina, [item(**{"group_concern/kind": "other_misconduct"})])
    path = f"/submissions/{waiting(cast)}"
    client = client_of(username)
    for each in (path, f"{path}/file", f"{path}/dismiss"):
        assert client.get(each).status_code == 404
    assert client.post(f"{path}/dismiss").status_code == 404


def test_a_submission_is_decided_in_its_pages(amina, cast):
    upload(amina, [item(**{"group_concern/kind": "other_misconduct"})])
    path = f"/submissions/{waiting(cast)}"
    version = "2"
    form = amina.get(f"{path}/file").text
    assert f'name="version" value="{version}"' in form
    assert "not_pseah" not in form
    wrong = amina.post(f"{path}/file", data={"version": version, "key": "k"})
    assert wrong.status_code == 422
    done = amina.post(
        f"{path}/file", data={"version": version, "key": "k", "kind": "unsure"}
    )
    assert (done.status_code, done.location) == (303, path)
    page = amina.get(path).text
    assert "Filed as a case" in page
    assert "/dismiss" not in page


def test_a_submission_is_dismissed_in_its_pages(amina, cast):
    upload(amina, [item(**{"group_concern/kind": "other_misconduct"})])
    path = f"/submissions/{waiting(cast)}"
    data = {"version": "2", "key": "k", "reason": "not_a_complaint"}
    assert amina.post(f"{path}/dismiss", data=data).status_code == 303
    page = amina.get(path).text
    assert "Decided: not a case" in page
    assert "Not a complaint" in page
    assert amina.post(f"{path}/dismiss", data=data).status_code == 409
