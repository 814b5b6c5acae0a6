"""The application that a server imports: `gunicorn wsgi:app`, `flask --app wsgi`."""

from config import from_environment
from web.app import create_app

app = create_app(from_environment())
