"""Steps as pages: one view shows every form, one view takes every post."""

import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import (
    Flask,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from marshmallow import Schema
from sqlalchemy.orm.exc import StaleDataError

from auth.actor import Actor
from auth.models import Office
from core import db
from core.errors import Invalid, Stale
from core.steps import Shown, Step
from core.text import N_
from core.times import times_in
from web import forms
from web.guard import current_actor
from web.labels import label

HIDDEN = ("key", "version", "seen")


def register(app: Flask, steps: Iterable[Step]) -> None:
    """Give every step its page."""
    for step in steps:
        app.add_url_rule(
            step.path,
            endpoint=step.endpoint,
            view_func=_view(step),
            methods=["GET", "POST"],
        )


def _view(step: Step) -> Any:
    def view(id: uuid.UUID | None = None) -> ResponseReturnValue:
        answer = show if request.method == "GET" else send
        return answer(step, id)

    return view


def _prepare(
    step: Step, actor: Actor, id: uuid.UUID | None
) -> tuple[Any, Schema, ZoneInfo, dict[str, Any]]:
    with db.transaction(actor) as session:
        target = step.allow(actor, id)
        schema = step.schema(actor, id)
        office_id = getattr(target, "office_id", None) or actor.office_id
        office = session.get(Office, office_id) if office_id else None
        zone = ZoneInfo(office.zone if office else "UTC")
        return target, schema, zone, step.prefill(actor, id)


def show(step: Step, id: uuid.UUID | None) -> ResponseReturnValue:
    """Show an empty form, or one filled in from what is known."""
    actor = current_actor()
    target, schema, zone, values = _prepare(step, actor, id)
    with times_in(zone):
        form = forms.page(schema, values, None, **_hidden(step, target))
    return _page(step, id, form)


def _hidden(step: Step, target: Any, key: str | None = None) -> dict[str, str]:
    hidden = {"key": key or uuid.uuid4().hex}
    if step.guarded:
        hidden["version"] = str(target.version_id)
        hidden["seen"] = datetime.now(UTC).isoformat()
    return hidden


def _address(endpoint: str, id: uuid.UUID | None) -> str:
    takes_id = current_app.url_map.is_endpoint_expecting(endpoint, "id")
    return url_for(endpoint, id=id) if id and takes_id else url_for(endpoint)


def _page(
    step: Step, id: uuid.UUID | None, form: dict[str, Any], **context: Any
) -> str:
    back = _address(step.after, id) if id else url_for("casework.home")
    return render_template("web/step.html", step=step, back=back, **form, **context)


def send(step: Step, id: uuid.UUID | None) -> ResponseReturnValue:
    """Take a post: act on it whole, or show it again with every problem."""
    actor = current_actor()
    _target, schema, zone, _ = _prepare(step, actor, id)
    own = {name: request.form[name] for name in HIDDEN if name in request.form}
    with times_in(zone):
        posted = request.form.copy()
        posted.poplist("seen")
        post = forms.take(schema, posted)
        if post.body is None:
            form = forms.page(schema, post.values, post.errors, **own)
            return _page(step, id, form), post.status
        try:
            result = _act(step, actor, id, {**post.body, **_sent(step, own)})
        except Invalid as problem:
            form = forms.page(schema, post.values, problem.fields, **own)
            return _page(step, id, form), problem.status
        except (Stale, StaleDataError):
            hidden = _hidden(step, _prepare(step, actor, id)[0], own.get("key"))
            form = forms.page(schema, post.values, {}, **hidden)
            changed = _changes(step, actor, id, own)
            return _page(step, id, form, stale=True, changed=changed), Stale.status
    if isinstance(result, Shown):
        return render_template(result.template, **result.values)
    flash(gettext(step.done or N_("Recorded.")), "success")
    shown = result if isinstance(result, uuid.UUID) else id
    return redirect(_address(step.after, shown), 303)


def _sent(step: Step, own: dict[str, str]) -> dict[str, Any]:
    sent: dict[str, Any] = {"key": own.get("key", "")[:64]}
    if step.guarded:
        version = own.get("version", "")
        sent["version"] = int(version) if version.isdecimal() else -1
    return sent


def _act(step: Step, actor: Actor, id: uuid.UUID | None, body: dict[str, Any]) -> Any:
    if step.in_parts:
        return step.command(actor, id, body)
    with db.transaction(actor):
        step.allow(actor, id)
        return step.command(actor, id, body)


def _changes(
    step: Step, actor: Actor, id: uuid.UUID | None, own: dict[str, str]
) -> list[str]:
    """Say what happened since the form was opened."""
    try:
        since = datetime.fromisoformat(own.get("seen", ""))
    except ValueError:
        return []
    if id is None or since.tzinfo is None:
        return []
    with db.transaction(actor):
        return [label(event, "Event") for event in step.changes(id, since)]
