"""What lies in the database of keys, changes of it, and a step that settles them."""

from contextlib import contextmanager

from sqlalchemy import text

from auth import keys
from casework.facts import facts_of
from casework.models.case import Case
from core import audit, db
from vault import grants


@contextmanager
def changed(raw, table, key, /, **values):
    """Change one row past everything for a while; then put it back as it was."""
    where = " AND ".join(f"{name} = :{name}" for name in key)
    put = ", ".join(f"{name} = :new_{name}" for name in values)
    find = text(f"SELECT {', '.join(values)} FROM {table} WHERE {where}")
    before = raw.execute(find, key).one()._asdict()
    update = text(f"UPDATE {table} SET {put} WHERE {where}")

    def write(key, row):
        new = {f"new_{name}": value for name, value in row.items()}
        assert raw.execute(update, {**key, **new}).rowcount == 1

    write(key, values)
    try:
        yield
    finally:
        write({name: values.get(name, it) for name, it in key.items()}, before)


def part(raw, case_id, name):
    """The compartments of a name, by version."""
    found = text(
        "SELECT version, id FROM compartments WHERE case_id = :c AND name = :n"
    )
    return dict(raw.execute(found, {"c": case_id, "n": name}).all())


def holding(raw, case_id, name, *, gated=False):
    rows = text(
        "SELECT g.holder_id FROM key_grants g JOIN compartments c"
        " ON c.id = g.compartment_id WHERE g.case_id = :c AND c.name = :n"
        " AND g.gated = :gated"
    )
    return set(raw.scalars(rows, {"c": case_id, "n": name, "gated": gated}))


def noted(raw, case_id):
    """What is left to do, by compartment: whether to renew."""
    rows = text(
        "SELECT c.name, w.renew FROM key_work w JOIN compartments c"
        " ON c.id = w.compartment_id WHERE w.case_id = :c"
    )
    return dict(raw.execute(rows, {"c": case_id}).all())


def to_renew(raw, case_id, name):
    raw.execute(
        text(
            "INSERT INTO key_work (compartment_id, case_id, renew, since)"
            " SELECT id, case_id, true, now() FROM compartments"
            " WHERE case_id = :c AND name = :n"
        ),
        {"c": case_id, "n": name},
    )


def settled(actor, case_id, change=lambda should: None):
    """Settle a case as an actor, with a change to what policy says."""
    with db.transaction(actor) as session:
        facts = facts_of(session.get_one(Case, case_id))
        should = keys.should_hold(case_id, facts)
        change(should)
        mine = frozenset(actor.holders)
        audit.hold([case_id])
        return grants.settle(case_id, should, {}, None, actor.keyring, mine)
