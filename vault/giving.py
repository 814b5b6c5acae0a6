"""Giving keys on many cases at once: what `settle` would do, in few statements."""

import uuid
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from operator import attrgetter
from typing import Any

from sqlalchemy import insert, select

from core import audit, db
from vault import work
from vault.boxes import Box
from vault.crypto import bind, seal_to
from vault.holders import KEEPER, PublicKey, public_keys
from vault.keyring import Keyring
from vault.models import CompartmentRow, KeyGrant
from vault.settling import NOBODY, Should

# By case, then by the name of the compartment.
Wanted = Mapping[uuid.UUID, Mapping[str, Should]]
Place = tuple[uuid.UUID, uuid.UUID]
Boxes = Mapping[uuid.UUID, Box]


def give_many(wanted: Wanted, keyring: Keyring) -> set[uuid.UUID]:
    """Give the keys that are lacking on some cases; return the cases left to `settle`.

    Left is every case on which anything else is to be done, or something cannot be
    given: there nothing is done.
    """
    audit.hold(wanted)
    with db.serving(KEEPER):
        rows = _compartments(wanted, referrals=False)
        held = _grants(rows)
        odd = {rows[key].case_id for key in work.known(rows)}
        odd |= {each.case_id for each in held if not _fits(each, wanted)}
        there = {(each.compartment_id, each.holder_id) for each in held}
        lacking = [
            place
            for place in _places(rows.values(), wanted)
            if place not in there and rows[place[0]].case_id not in odd
        ]
        missing = _give(rows, lacking, wanted, keyring, attrgetter("case_id"))
    return odd | {rows[key].case_id for key, _ in missing}


def give_referrals(wanted: Wanted, keyring: Keyring) -> None:
    """Give those who should hold every referral of some cases the keys they lack.

    What cannot be given is noted for the next holder who opens the referral.
    """
    audit.hold(wanted)
    with db.serving(KEEPER):
        rows = _compartments(wanted, referrals=True)
        there = {(each.compartment_id, each.holder_id) for each in _grants(rows)}
        lacking = [
            place for place in _places(rows.values(), wanted) if place not in there
        ]
        missing = _give(rows, lacking, wanted, keyring, attrgetter("id"))
        left = (rows[key] for key in sorted({key for key, _ in missing}))
        work.add([(row.id, row.case_id, row.referral_id) for row in left], False)


def _compartments(cases: Iterable[uuid.UUID], *, referrals: bool) -> Boxes:
    """Return the compartments of cases, or those of their referrals, without keys."""
    columns = CompartmentRow.__table__.columns
    mine = CompartmentRow.case_id.in_(list(cases))
    of_referral = CompartmentRow.referral_id.is_not(None)
    kind = of_referral if referrals else ~of_referral
    found = db.session().execute(select(*columns).where(mine, kind))
    return {
        row.id: Box(row.id, row.case_id, row.name, row.version, b"", row.referral_id)
        for row in found
    }


def _grants(rows: Boxes) -> Collection[Any]:
    columns = (
        *(KeyGrant.compartment_id, KeyGrant.holder_id, KeyGrant.case_id),
        *(KeyGrant.gated, KeyGrant.generation, work.NEWEST.label("newest")),
        CompartmentRow.name,
    )
    found = (
        select(*columns)
        .join(CompartmentRow, CompartmentRow.id == KeyGrant.compartment_id)
        .where(KeyGrant.compartment_id.in_(rows))
    )
    return db.session().execute(found).all()


def _fits(grant: Any, wanted: Wanted) -> bool:
    """Return whether a grant is as it should be, gate and generation included."""
    should = wanted[grant.case_id].get(grant.name, NOBODY)
    ways = should.gated - should.open, should.open - should.gated
    newest = grant.generation == grant.newest
    return newest and grant.holder_id in (ways[0] if grant.gated else ways[1])


def _places(rows: Iterable[Box], wanted: Wanted) -> Iterator[Place]:
    for row in rows:
        for who in wanted[row.case_id].get(row.name, NOBODY).all:
            yield row.id, who


def _give(
    rows: Boxes,
    lacking: list[Place],
    wanted: Wanted,
    keyring: Keyring,
    whole: Callable[[Box], uuid.UUID],
) -> set[Place]:
    """Give what can be given; return what cannot.

    `whole` says what is given as a whole or not at all: a case, or a compartment.
    """
    boxes = keyring.boxes_of({key for key, _ in lacking})
    public = public_keys({who for _, who in lacking})
    missing = {
        (key, who)
        for key, who in lacking
        if key not in boxes
        or who not in public
        or who not in wanted[rows[key].case_id][rows[key].name].open
    }
    not_yet = {whole(rows[key]) for key, _ in missing}
    given = [place for place in lacking if whole(rows[place[0]]) not in not_yet]
    if given:
        new = [_row(boxes[key], who, public[who]) for key, who in given]
        db.session().execute(insert(KeyGrant), new)
        _note(rows, given)
    return missing


def _row(box: Box, who: uuid.UUID, public: PublicKey) -> dict[str, Any]:
    info = box.grant_info(who, public.generation)
    return {
        "compartment_id": box.id,
        "holder_id": who,
        "generation": public.generation,
        "gated": False,
        "case_id": box.case_id,
        "referral_id": box.referral_id,
        "sealed_key": seal_to(public.data, box.key, bind(*info)),
        "given_by": db.actor().id,
    }


def _note(rows: Boxes, given: Iterable[Place]) -> None:
    said: dict[uuid.UUID, list[str]] = defaultdict(list)
    for key, who in given:
        said[rows[key].case_id].append(f"{rows[key].name}>{who}")
    audit.record_each(
        (case_id, "key:given", {"keys": sorted(keys)}) for case_id, keys in said.items()
    )
