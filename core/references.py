"""Public references: random, so that they reveal neither order nor volume."""

import secrets

LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_reference(prefix: str) -> str:
    """Return a reference such as `C-7K3M-Q9XD`: 40 random bits, no I, L, O or U."""
    code = "".join(secrets.choice(LETTERS) for _ in range(8))
    return f"{prefix}-{code[:4]}-{code[4:]}"
