"""Codes to choose a password with, in place of passwords that somebody else knew.

Who still has such a password loses it with its key, and an administrator gives them a
code; after a reset it takes two people once more. Where nobody with a password of their
own opens the same, that would lose it: then the password counts as their own.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_ALONE = (
    "EXISTS (SELECT FROM {table} AS own WHERE own.{who} = person_id AND NOT own.gated"
    " AND NOT EXISTS (SELECT FROM {table} AS other WHERE other.{what} = own.{what}"
    " AND NOT other.gated AND other.{who} NOT IN"
    " (SELECT person_id FROM credentials WHERE must_change)))"
)
_ALONE_ON_CASE = _ALONE.format(
    table="key_grants", who="holder_id", what="compartment_id"
)
_ALONE_AT_DESK = _ALONE.format(table="held_keys", who="by_id", what="holder_id")
# Whatever was sealed to those keys is renewed by the next who opens it.
END_KEYS = (
    "CREATE TEMPORARY TABLE ending ON COMMIT DROP AS SELECT person_id FROM credentials"
    f" WHERE must_change AND NOT {_ALONE_ON_CASE} AND NOT {_ALONE_AT_DESK}",
    "UPDATE holder_keys SET ended_at = now()"
    " WHERE holder_id IN (SELECT person_id FROM ending)",
    "INSERT INTO key_work (compartment_id, case_id, referral_id, renew, since)"
    " SELECT DISTINCT ON (compartment_id) compartment_id, case_id, referral_id, true,"
    " now() FROM key_grants WHERE holder_id IN (SELECT person_id FROM ending)"
    " ON CONFLICT (compartment_id) DO UPDATE SET renew = true",
    "DELETE FROM key_grants WHERE holder_id IN (SELECT person_id FROM ending)",
    "UPDATE holders SET renew_since = now() WHERE id IN (SELECT holder_id FROM"
    " held_keys WHERE by_id IN (SELECT person_id FROM ending))",
    "DELETE FROM held_keys WHERE by_id IN (SELECT person_id FROM ending)",
    "DELETE FROM sessions WHERE person_id IN (SELECT person_id FROM ending)",
    "DELETE FROM credentials WHERE person_id IN (SELECT person_id FROM ending)",
    # Of who never chose a password there is no key yet.
    "DELETE FROM holder_keys WHERE holder_id IN (SELECT holder_id FROM holder_keys"
    " WHERE holder_id IN (SELECT person_id FROM ending)"
    " GROUP BY holder_id HAVING max(generation) = 1)",
)


def upgrade() -> None:
    op.create_table(
        "sign_in_codes",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("mark", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_sign_in_codes_person_id")
        ),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_sign_in_codes")),
    )
    op.add_column("changes", sa.Column("mark", sa.LargeBinary(), nullable=True))
    op.add_column(
        "holder_keys", sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.alter_column("sessions", "sealed_key", nullable=True)
    for statement in END_KEYS:
        op.execute(statement)
    # A reset that waits has no first half: it is asked for anew.
    op.execute(
        "UPDATE changes SET confirmed = false, decided_at = now()"
        " WHERE kind = 'reset' AND decided_at IS NULL"
    )
    op.drop_column("credentials", "must_change")


def downgrade() -> None:
    op.add_column(
        "credentials",
        sa.Column(
            "must_change", sa.Boolean(), nullable=False, server_default=sa.false()
        ),
    )
    op.alter_column("credentials", "must_change", server_default=None)
    op.execute("DELETE FROM sessions WHERE sealed_key IS NULL")
    op.alter_column("sessions", "sealed_key", nullable=False)
    op.drop_column("holder_keys", "ended_at")
    op.drop_column("changes", "mark")
    op.drop_table("sign_in_codes")
