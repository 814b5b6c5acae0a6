"""Who acts: a signed-in person with their keys, or a service with a narrow task."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

from vault.keyring import Keyring


@dataclass(frozen=True)
class Actor:
    """A person (with roles, desks and keys) or a service (without)."""

    id: uuid.UUID | None = None
    roles: frozenset[str] = frozenset()
    desks: tuple[uuid.UUID, ...] = ()
    office_id: uuid.UUID | None = None
    service: str = ""
    keyring: Keyring | None = field(default=None, repr=False, compare=False)

    @property
    def holders(self) -> Sequence[uuid.UUID]:
        """The ids whose standings count as the actor's."""
        return (self.id, *self.desks) if self.id else self.desks


PUBLIC = Actor(service="public")
INTAKE = Actor(service="intake")
SWEEP = Actor(service="sweep")
STATS = Actor(service="stats")
SETUP = Actor(service="setup")
CHECKPOINT = Actor(service="checkpoint")
