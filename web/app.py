"""Builds the application: the one place that imports every package."""

import secrets

from flask import Flask, request
from flask.sessions import SecureCookieSessionInterface
from flask_babel import Babel
from flask_wtf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from config import ROOT, Config
from vault import server_keys, uris
from web import cli, database, errors, forms, guard, headers, labels, navigation, pages
from web.steps import register

LIMIT = 2 * 1024 * 1024
LANGUAGES = ("en", "fr", "es", "ar")


class FormCookie(SecureCookieSessionInterface):
    """The cookie of form tokens: `Secure` whenever the request is."""

    def get_cookie_secure(self, app: Flask) -> bool:  # noqa: ARG002
        """Return whether the request came over TLS."""
        return request.is_secure


def create_app(config: Config) -> Flask:
    """Return the application.

    When serving it connects to the database, and refuses one on which row security
    would not hold. The command line connects by itself, where it must.
    """
    app = Flask("pseah", root_path=str(ROOT), template_folder="templates")
    app.config.update(
        SECRET_KEY=_secret(config),
        MAX_CONTENT_LENGTH=LIMIT,
        MAX_FORM_MEMORY_SIZE=LIMIT,
        TRUSTED_HOSTS=list(config.trusted_hosts),
        SESSION_COOKIE_NAME="form",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        WTF_CSRF_TIME_LIMIT=8 * 3600,
        WTF_CSRF_SSL_STRICT=False,
        BABEL_DEFAULT_LOCALE="en",
        BABEL_TRANSLATION_DIRECTORIES=str(ROOT / "translations"),
        TESTING=config.testing,
        PROPAGATE_EXCEPTIONS=False,
        PSEAH=config,
    )
    if config.behind_proxies:
        hops = config.behind_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign]
    app.session_interface = FormCookie()
    keys = {"pepper": config.pepper, "gate": config.gate}
    server_keys.use(config.environment, **keys)
    _furnish(app)
    cli.install(app)
    if not config.command_line:
        database.serve_on(database.addresses(config))
    return app


def _secret(config: Config) -> bytes:
    """Return the key of form tokens; the command line needs none."""
    if config.command_line:
        return secrets.token_bytes(uris.SIZE)
    return uris.load(config.secret_key, config.environment)


def _furnish(app: Flask) -> None:
    Babel(app, locale_selector=language, timezone_selector=guard.zone)
    guard.install(app)
    CSRFProtect(app)
    errors.install(app)
    headers.install(app)
    forms.install_templates(app)
    labels.install(app)
    navigation.install(app)
    app.jinja_env.globals["csp_nonce"] = guard.csp_nonce
    app.context_processor(guard.context)
    for blueprint in pages.BLUEPRINTS:
        app.register_blueprint(blueprint)
    register(app, pages.STEPS)


def language() -> str:
    """Return the language of the request: chosen, else what the browser asks for."""
    chosen = request.cookies.get("language")
    if chosen in LANGUAGES:
        return chosen
    return request.accept_languages.best_match(LANGUAGES) or "en"
