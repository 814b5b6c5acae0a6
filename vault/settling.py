"""Makes the grants of one case or referral equal what policy says, step by step."""

import uuid
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, insert, select, tuple_, update

from core import audit, db
from vault import gate, work
from vault.boxes import Box, new_box
from vault.compartments import known_boxes, write_rows
from vault.crypto import bind, seal_to
from vault.holders import PublicKey, public_keys
from vault.keyring import Boxes, Keyring
from vault.models import CompartmentRow, KeyGrant
from vault.resealing import reseal

Place = tuple[uuid.UUID, uuid.UUID]


@dataclass
class Should:
    """Who should hold a compartment's key: openly, or behind the gate."""

    open: set[uuid.UUID] = field(default_factory=set)
    gated: set[uuid.UUID] = field(default_factory=set)

    @property
    def all(self) -> set[uuid.UUID]:
        """Everybody who should have a grant."""
        return self.open | self.gated


NOBODY = Should()


class Settling:
    """The compartments of a case or referral, their grants, and what is done to them.

    `mine` are the ids of who acts: themselves and their desks.
    """

    def __init__(
        self,
        case_id: uuid.UUID,
        referral_id: uuid.UUID | None,
        should: Mapping[str, Should],
        mine: Set[uuid.UUID],
    ) -> None:
        self.case_id, self.referral_id = case_id, referral_id
        self.by_name, self.mine = should, mine
        self.rows = {box.id: box for box in known_boxes(case_id, referral_id)}
        self.held = {_place(grant): grant for grant in self._grants()}
        self.noted = work.known(self.rows)
        outdated = {key for (key, _), each in self.held.items() if _outdated(each)}
        self.stale = {key for key, renew in self.noted.items() if renew} | outdated
        self.stale |= {key for key, _ in self._known()}
        self.boxes: dict[uuid.UUID, Box] = {}
        self.keys: dict[uuid.UUID, PublicKey] = {}
        self.given: set[Place] = set()
        self.said: dict[str, list[str]] = {}

    def _grants(self) -> Iterable[Any]:
        columns = KeyGrant.__table__.columns
        mine = KeyGrant.compartment_id.in_(self.rows)
        return db.session().execute(
            select(*columns, work.NEWEST.label("newest")).where(mine)
        )

    def _surplus(self) -> list[Place]:
        return [place for place in self.held if place[1] not in self._all(place)]

    def _known(self) -> set[Place]:
        """Return the grants that should not be, of keys that were open until now."""
        return {place for place in self._surplus() if not self.held[place].gated}

    def should(self, key: uuid.UUID) -> Should:
        """Return who should hold a compartment's key."""
        return self.by_name.get(self.rows[key].name, NOBODY)

    def opens_to_me(self, name: str) -> bool:
        """Return whether who acts should hold a compartment's key."""
        return bool(self.mine & self.by_name.get(name, NOBODY).open)

    def move_gates(self) -> None:
        """Lift the gate before grants whose condition is met; shut it before others.

        It needs nobody's key: behind the gate a grant stays sealed to its holder.
        """
        for place, grant in self.held.items():
            should = self.should(place[0])
            if grant.gated and place[1] in should.open and not _outdated(grant):
                self._set_gate(place, gated=False)
            elif not grant.gated and place[1] in should.gated:
                self._set_gate(place, gated=True)
                self.stale.add(place[0])

    def _set_gate(self, place: Place, *, gated: bool) -> None:
        grant, turn = self.held[place], gate.close if gated else gate.lift
        info = self.rows[place[0]].grant_info(place[1], grant.generation)
        sealed = turn(grant.sealed_key, *info)
        _write(place, sealed_key=sealed, gated=gated)
        self._say("key:gated" if gated else "key:released", place)

    def give(self, boxes: Boxes, keyring: Keyring | None) -> list[Place]:
        """Give what is lacking and can be given; return what could not be."""
        lacking = [place for place in self._places() if self._lacks(*place)]
        self._learn(boxes, keyring, {key for key, _ in lacking} | self.stale)
        self.keys = public_keys(self._holders()) if lacking or self.stale else {}
        self.given = {place for place in lacking if self._ready(*place)}
        self._grant(self.given)
        for place in self.given:
            self._say("key:given", place)
        return [place for place in lacking if place not in self.given]

    def _places(self) -> list[Place]:
        """Return every grant that should be."""
        return [(key, who) for key in self.rows for who in self.should(key).all]

    def _lacks(self, key: uuid.UUID, who: uuid.UUID) -> bool:
        grant = self.held.get((key, who))
        return grant is None or _outdated(grant)

    def _ready(self, key: uuid.UUID, who: uuid.UUID) -> bool:
        return key in self.boxes and who in self.keys

    def _holders(self) -> set[uuid.UUID]:
        return set().union(*(self.should(key).all for key in self.rows))

    def _learn(
        self, boxes: Boxes, keyring: Keyring | None, wanted: set[uuid.UUID]
    ) -> None:
        places = {(row.name, row.version): key for key, row in self.rows.items()}
        own = {places[place]: box for place, box in boxes.items() if place in places}
        if keyring and wanted - own.keys():
            mine = keyring.boxes(self.case_id, self.referral_id, self.opens_to_me)
            own = {places[place]: box for place, box in mine.items()} | own
        self.boxes = own

    def _grant(self, places: Iterable[Place]) -> None:
        new = []
        for key, who in places:
            values = self._sealed(self.boxes[key], who)
            if (key, who) in self.held:
                _write((key, who), **values)
            else:
                new.append({**self._where(key, who), **values})
        if new:
            db.session().execute(insert(KeyGrant), new)

    def _where(self, key: uuid.UUID, who: uuid.UUID) -> dict[str, Any]:
        return {
            "compartment_id": key,
            "holder_id": who,
            "case_id": self.case_id,
            "referral_id": self.referral_id,
            "given_by": db.actor().id,
        }

    def _sealed(self, box: Box, who: uuid.UUID) -> dict[str, Any]:
        public, should = self.keys[who], self.by_name[box.name]
        info = box.grant_info(who, public.generation)
        sealed, gated = seal_to(public.data, box.key, bind(*info)), False
        if who not in should.open:
            sealed, gated = gate.close(sealed, *info), True
        return {
            "generation": public.generation,
            "gated": gated,
            "sealed_key": sealed,
        }

    def take(self) -> set[uuid.UUID]:
        """Delete the grants that should not be; return the keys that had to be kept.

        Where nobody who should hold a key holds it yet, the grant goes behind the gate
        instead, so that what it seals is not lost. What is behind it already stays
        while somebody else still waits for theirs.
        """
        surplus, known = self._surplus(), self._known()
        places = self.given | self.held.keys()
        open_to = {key for key, who in places if who in self.should(key).open}
        waited_for = {key for key, who in self._places() if (key, who) not in places}
        gone = [
            place
            for place in surplus
            if place[0] in open_to
            and not (self.held[place].gated and place[0] in waited_for)
        ]
        kept = [place for place in surplus if place not in gone]
        if gone:
            pair = tuple_(KeyGrant.compartment_id, KeyGrant.holder_id)
            db.session().execute(delete(KeyGrant).where(pair.in_(gone)))
        for place in known.intersection(kept):
            self._set_gate(place, gated=True)
        for place in gone:
            self._say("key:withdrawn", place)
        return {key for key, _ in kept}

    def _all(self, place: Place) -> set[uuid.UUID]:
        return self.should(place[0]).all

    def renew(self) -> set[str]:
        """Make a new version of every stale key that who acts should hold."""
        names = {self.rows[key].name for key in self.stale & self.boxes.keys()}
        mine = {name for name in names if self.opens_to_me(name)}
        for name in sorted(mine):
            self._renew(name)
        return mine

    def _renew(self, name: str) -> None:
        versions = {row.version for row in self.rows.values() if row.name == name}
        old = {
            key: box
            for key, box in self.boxes.items()
            if box.name == name and key in self.stale
        }
        new = new_box(
            self.case_id,
            name,
            version=max(versions) + 1,
            referral_id=self.referral_id,
        )
        write_rows([new])
        self.boxes[new.id] = self.rows[new.id] = new
        self._grant((new.id, who) for who in self.by_name[name].all if who in self.keys)
        reseal(old.values(), new)
        gone = delete(CompartmentRow).where(CompartmentRow.id.in_(old))
        db.session().execute(gone)
        for key in old:
            del self.rows[key]
        self.stale -= old.keys()
        self.said.setdefault("key:renewed", []).append(name)

    def _say(self, action: str, place: Place) -> None:
        key, who = place
        self.said.setdefault(action, []).append(f"{self.rows[key].name}>{who}")

    def note(self) -> None:
        """Write what was done into the case's audit chain."""
        for action, keys in sorted(self.said.items()):
            audit.record(self.case_id, action, case_id=self.case_id, keys=sorted(keys))


def _place(grant: Any) -> Place:
    return grant.compartment_id, grant.holder_id


def _outdated(grant: Any) -> bool:
    return bool(grant.generation < grant.newest)


def _write(place: Place, **values: Any) -> None:
    row = update(KeyGrant).where(
        KeyGrant.compartment_id == place[0], KeyGrant.holder_id == place[1]
    )
    db.session().execute(row.values(**values))
