"""Pages of people, desks, offices and one's own account."""

from flask import Blueprint

blueprint = Blueprint("auth", __name__)
