"""Settings: the only reader of the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Config:
    """What a deployment chooses; every setting is described in the README."""

    instance: Path = ROOT / "instance"
    database_url: str | None = field(default=None, repr=False)
    owner_database_url: str | None = field(default=None, repr=False)
    host: str = "127.0.0.1"
    port: int = 8000
    secret_key_uri: str = ""
    pepper_uri: str = ""
    gate_uri: str = ""
    checkpoint_key_uri: str = ""
    checkpoints_path: str = ""
    behind_proxies: int = 0
    trusted_hosts: tuple[str, ...] = ("127.0.0.1", "localhost")
    testing: bool = False
    command_line: bool = False
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def secret_key(self) -> str:
        """URI of the key that signs form tokens."""
        return self.secret_key_uri or f"file:{self.instance}/keys/secret"

    @property
    def pepper(self) -> str:
        """URI of the pepper that is mixed into every password derivation."""
        return self.pepper_uri or f"file:{self.instance}/keys/pepper"

    @property
    def gate(self) -> str:
        """URI of the key that is wrapped around grants that must not open yet."""
        return self.gate_uri or f"file:{self.instance}/keys/gate"

    @property
    def checkpoint_key(self) -> str:
        """URI of the key that signs checkpoints of the audit trail."""
        return self.checkpoint_key_uri or f"file:{self.instance}/keys/checkpoint"

    @property
    def checkpoints(self) -> Path:
        """The file that checkpoints of the audit trail are appended to."""
        return Path(self.checkpoints_path or self.instance / "checkpoints.jsonl")


def from_environment(environment: Mapping[str, str] = os.environ) -> Config:
    """Read the settings.

    :raises ValueError: where only one of the two database addresses is given, or a
        number is not one.
    """
    urls = environment.get("DATABASE_URL"), environment.get("OWNER_DATABASE_URL")
    if urls[1] and not urls[0]:
        raise ValueError("OWNER_DATABASE_URL is set without DATABASE_URL")
    hosts = environment.get("TRUSTED_HOSTS", "127.0.0.1,localhost")
    return Config(
        instance=Path(environment.get("INSTANCE_PATH", ROOT / "instance")).resolve(),
        database_url=urls[0],
        owner_database_url=urls[1],
        host=environment.get("HOST", "127.0.0.1"),
        port=int(environment.get("PORT", "8000")),
        secret_key_uri=environment.get("SECRET_KEY_URI", ""),
        pepper_uri=environment.get("PEPPER_URI", ""),
        gate_uri=environment.get("GATE_URI", ""),
        checkpoint_key_uri=environment.get("CHECKPOINT_KEY_URI", ""),
        checkpoints_path=environment.get("CHECKPOINTS_PATH", ""),
        behind_proxies=int(environment.get("BEHIND_PROXIES", "0")),
        command_line=environment.get("FLASK_RUN_FROM_CLI") == "true",
        environment=environment,
        trusted_hosts=tuple(h.strip() for h in hosts.split(",") if h.strip()),
    )
