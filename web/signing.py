"""Signing in and out, choosing a language, leaving in a hurry."""

from flask import (
    Blueprint,
    Response,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_login import current_user
from marshmallow.exceptions import SCHEMA

from auth import sessions
from auth.schemas import SignIn
from core.errors import Busy, Invalid
from vault import server_keys
from web import forms
from web.guard import cookie_name

blueprint = Blueprint("web", __name__)
ELSEWHERE = "https://www.wikipedia.org/"


def sign_in() -> ResponseReturnValue:
    """Show the form; take it; start a session."""
    if request.method == "GET":
        if current_user.is_authenticated:
            return redirect(url_for("casework.home"), 303)
        return render_template("auth/sign_in.html", **forms.page(SignIn()))
    post = forms.take(SignIn(), request.form)
    errors, status = post.errors, 422
    if post.body is not None:
        try:
            source = request.remote_addr or ""
            return _started(
                sessions.sign_in(
                    **post.body, pepper=server_keys.pepper(), source=source
                )
            )
        except Invalid as problem:
            errors = problem.fields
        except Busy as problem:
            errors, status = {SCHEMA: [problem.message]}, problem.status
    form = forms.page(SignIn(), post.values, errors)
    return render_template("auth/sign_in.html", **form), status


def _started(cookie: str) -> Response:
    response = make_response(redirect(url_for("casework.home"), 303))
    response.set_cookie(
        cookie_name(request),
        cookie,
        secure=request.is_secure,
        httponly=True,
        samesite="Lax",
        path="/",
    )
    return response


def sign_out() -> ResponseReturnValue:
    """End the session and clear what the browser kept."""
    sessions.sign_out(request.cookies.get(cookie_name(request), ""))
    return _gone(url_for("auth.sign_in"))


def _gone(where: str) -> Response:
    response = make_response(redirect(where, 303))
    response.delete_cookie(cookie_name(request), path="/")
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


@blueprint.get("/leave")
def leave() -> ResponseReturnValue:
    """Leave at once for a harmless page; the browser forgets the session."""
    return _gone(ELSEWHERE)


@blueprint.post("/language")
def language() -> ResponseReturnValue:
    """Choose the language of all pages."""
    response = make_response(redirect(url_for("casework.home"), 303))
    chosen = request.form.get("language", "")
    if chosen in forms.LANGUAGES:
        response.set_cookie(
            "language",
            chosen,
            max_age=365 * 24 * 3600,
            secure=request.is_secure,
            httponly=True,
            samesite="Lax",
        )
    return response


@blueprint.record_once
def _doors(state: object) -> None:
    """Register the two doors under the endpoints that the layout knows."""
    app = state.app  # type: ignore[attr-defined]
    app.add_url_rule("/sign-in", "auth.sign_in", sign_in, methods=["GET", "POST"])
    app.add_url_rule("/sign-out", "auth.sign_out", sign_out, methods=["POST"])
