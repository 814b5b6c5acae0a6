"""Security headers of every answer."""

from flask import Flask, Response, g, request

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self';"
    " form-action 'self'; frame-ancestors 'none'; base-uri 'none';"
    " script-src 'nonce-{nonce}'"
)
RETRY_AFTER = "5"  # seconds
ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "X-Frame-Options": "DENY",
}


def install(app: Flask) -> None:
    """Set the headers on every answer of an application."""
    app.after_request(protect)


def protect(response: Response) -> Response:
    """Add the headers; nothing but static files is ever stored by a browser."""
    response.headers.update(ALWAYS)
    policy = POLICY.format(nonce=g.get("nonce", ""))
    response.headers["Content-Security-Policy"] = policy
    if request.endpoint != "static":
        response.headers["Cache-Control"] = "no-store"
    if response.status_code == 503:
        response.headers["Retry-After"] = RETRY_AFTER
    if request.is_secure:
        response.headers["Strict-Transport-Security"] = "max-age=63072000"
    return response
