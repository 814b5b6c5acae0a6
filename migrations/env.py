"""Alembic's entry: runs migrations on the connection that it is handed."""

from alembic import context

from core.db import Base
from web.models import MODELS

assert MODELS
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
