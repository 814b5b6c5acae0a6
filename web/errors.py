"""Errors as pages: what is wrong and what to do; never a trace, never a value."""

import logging
import uuid

from flask import Flask, g, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException

from core import audit
from core.errors import Forbidden, NotVisible, Problem, Stale
from core.text import N_
from vault.crypto import Tampered

log = logging.getLogger(__name__)
TITLES = {
    400: N_("This could not be read"),
    403: N_("This is not yours to do"),
    404: N_("Page not found"),
    405: N_("Page not found"),
    409: N_("This has changed meanwhile"),
    413: N_("This is too large"),
    422: N_("This could not be accepted"),
    429: N_("Please wait a little"),
    503: N_("Please try again in a moment"),
}
BUSY = N_("The system is busy or cannot store anything. Nothing was changed.")
FAILED = N_("Something went wrong on our side. Nothing was changed.")
TAMPERED = N_(
    "Something here is not as it was sealed, so it was not opened. Nothing was changed."
    " Tell somebody who does not run the system, with the number below."
)


def install(app: Flask) -> None:
    """Answer every error with a page."""
    app.register_error_handler(Problem, problem)
    app.register_error_handler(StaleDataError, stale)
    app.register_error_handler(CSRFError, expired)
    app.register_error_handler(HTTPException, http)
    app.register_error_handler(SQLAlchemyError, database)
    app.register_error_handler(Tampered, tampered)
    app.register_error_handler(Exception, unexpected)


def page(status: int, message: str) -> ResponseReturnValue:
    """Return an error page; forbidden and absent look alike but for acts on a case."""
    title = TITLES.get(status, N_("Something went wrong"))
    body = render_template(
        "web/error.html", title=gettext(title), message=message, number=g.request_id
    )
    return body, status


def problem(error: Problem) -> ResponseReturnValue:
    """Answer a refusal; one on a case is recorded on the reader's chain first."""
    if isinstance(error, (NotVisible, Forbidden)):
        record_denial()
    return page(error.status, gettext(error.message, **error.values))


def record_denial(action: str = "request:denied") -> None:
    """Record that the person in front was refused this page or step."""
    if not current_user.is_authenticated:
        return
    ids = (request.view_args or {}).values()
    case_id = next((value for value in ids if isinstance(value, uuid.UUID)), None)
    audit.record_denial(
        current_user.actor,
        action,
        case_id,
        endpoint=request.endpoint,
        method=request.method,
    )


def stale(_: StaleDataError) -> ResponseReturnValue:
    """Answer someone whose change met another."""
    return page(409, gettext(Stale.message))


def expired(_: CSRFError) -> ResponseReturnValue:
    """Answer a form whose token is missing or too old."""
    return page(400, gettext(N_("This page was open for too long. Open it again.")))


def http(error: HTTPException) -> ResponseReturnValue:
    """Answer what the framework refuses; no address is ever repeated."""
    status = error.code or 500
    if status < 400:
        return error.get_response()
    if status == 405:
        status = 404
    if status == 404:
        return page(404, gettext(NotVisible.message))
    return page(status, gettext(TITLES.get(status, FAILED)))


def database(error: SQLAlchemyError) -> ResponseReturnValue:
    """Answer a database that refuses; a full disk or a lock says try again."""
    log.error("database error %s in request %s", type(error).__name__, g.request_id)
    if isinstance(error, OperationalError):
        return page(503, gettext(BUSY))
    return page(500, gettext(FAILED))


def tampered(_: Tampered) -> ResponseReturnValue:
    """Answer what was changed in the database behind the program's back."""
    log.error("tampered: request %s", g.request_id)
    record_denial("vault:tampered")
    return page(500, gettext(TAMPERED))


def unexpected(error: Exception) -> ResponseReturnValue:
    """Answer anything else; only its kind and place are logged, never its words."""
    place = error.__traceback__
    while place and place.tb_next:
        place = place.tb_next
    where = place and f"{place.tb_frame.f_code.co_filename}:{place.tb_lineno}"
    log.error("%s at %s in request %s", type(error).__name__, where, g.request_id)
    return page(500, gettext(FAILED))
