"""The blueprint that every page of casework hangs on."""

from flask import Blueprint

blueprint = Blueprint("casework", __name__)
