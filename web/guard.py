"""The door: a stranger is refused everything that is not on a short public list."""

import secrets
import uuid
from typing import Any

from flask import Flask, Request, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import AnonymousUserMixin, LoginManager, current_user
from werkzeug.exceptions import SecurityError

from auth.actor import Actor
from auth.sessions import SignedIn, resume
from core import audit

PUBLIC = frozenset({"static", "auth.sign_in", "web.language", "web.leave"})
# Open to who came with a code: all else waits until they have chosen a password.
WITH_CODE = PUBLIC | {"auth.choose_password", "auth.sign_out"}
COOKIE = "__Host-session"
LOCAL_COOKIE = "session-local"


def cookie_name(req: Request) -> str:
    """Return the session cookie's name; without TLS a browser refuses `__Host-`."""
    return COOKIE if req.is_secure else LOCAL_COOKIE


def current_actor() -> Actor:
    """Return the person who is signed in, as actor."""
    actor: Actor = current_user.actor
    return actor


def install(app: Flask) -> None:
    """Guard every request of an application."""
    manager = LoginManager(app)
    manager.session_protection = None
    manager.anonymous_user = AnonymousUserMixin
    manager.request_loader(_load)
    app.before_request(_number)
    app.before_request(_refuse_other_names)
    app.before_request(_refuse_strangers)
    app.before_request(_choose_first)


def _load(req: Request) -> SignedIn | None:
    cookie = req.cookies.get(cookie_name(req))
    return resume(cookie) if cookie else None


def _number() -> None:
    """Give the request an id of ours, which audit rows and errors carry."""
    g.request_id = uuid.uuid4().hex
    g.nonce = secrets.token_urlsafe(16)
    audit.request_id.set(g.request_id)


def _refuse_other_names() -> ResponseReturnValue | None:
    """Refuse a request under a name that is not ours; no page can be built for it."""
    if isinstance(request.routing_exception, SecurityError):
        return "This address is not served here.", 400
    return None


def _refuse_strangers() -> ResponseReturnValue | None:
    if request.endpoint in PUBLIC or current_user.is_authenticated:
        return None
    return redirect(url_for("auth.sign_in"), 303)


def _choose_first() -> ResponseReturnValue | None:
    if request.endpoint in WITH_CODE or not current_user.must_choose:
        return None
    return redirect(url_for("auth.choose_password"), 303)


def zone() -> str:
    """Return the time zone of the person's office; UTC for a stranger."""
    return current_user.zone if current_user.is_authenticated else "UTC"


def csp_nonce() -> str:
    """Return the nonce that this answer's one script carries."""
    nonce: str = g.nonce
    return nonce


def context() -> dict[str, Any]:
    """Return what every template knows of the person."""
    signed_in = current_user.is_authenticated
    return {"person": current_user.person if signed_in else None}
