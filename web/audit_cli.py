"""The commands of the audit trail: sign where it ends, verify it, export it."""

from pathlib import Path

import click
from flask.cli import AppGroup
from sqlalchemy.orm import Session

from auth.actor import CHECKPOINT
from config import Config
from core import audit, checkpoints, db, signing, trail
from vault import uris
from web.shell import owning, plainly, serving, settings, written

audit_trail = AppGroup("audit", help="The audit trail.")
EXISTING = click.Path(exists=True, dir_okay=False, path_type=Path)


@audit_trail.command("checkpoint")
def checkpoint() -> None:
    """Sign where every chain ends, into the file outside the database.

    Run it every few minutes, as the application. It appends a line if anything changed
    since the last one, and prints its number and root. It signs nothing, and exits
    with 1, where a chain is shorter than it was or the file is broken.
    """
    config = settings()
    with serving():
        try:
            done = signing.append(config.checkpoints, _seed(config), _heads)
        except signing.Refused as error:
            raise click.ClickException(
                f"{error} Nothing was signed. Keep everything as it is, and tell the"
                " auditor."
            ) from None
    if done.removed:
        click.echo(
            f"The last line was torn: {done.removed} bytes, never a checkpoint, were"
            " cut off."
        )
    news = "Signed" if done.new else "Nothing changed since"
    click.echo(f"{news} {_named(done.checkpoint)}, root {done.checkpoint.root}")


def _seed(config: Config) -> bytes:
    """Return the signing key; one in the instance folder is made if there is none."""
    uri = config.checkpoint_key
    if uri.startswith(f"file:{config.instance}/"):
        uris.make(uri)
    seed = uris.load(uri, config.environment)
    if len(seed) != uris.SIZE:
        raise uris.NoKey("the key of checkpoints must have 64 hexadecimal digits")
    return seed


def _heads() -> signing.Heads:
    with db.transaction(CHECKPOINT):
        return audit.heads()


def _named(point: checkpoints.Checkpoint) -> str:
    return f"checkpoint {point.number} of {point.at}, {point.chains} chains"


@audit_trail.command("verify")
@click.option(
    "--export", "file", type=EXISTING, help="Verify this export; needs no database."
)
@click.option(
    "--checkpoints", "signed", type=EXISTING, help="Another copy of the checkpoints."
)
@click.option("--public-key", metavar="HEX", help="Who must have signed them.")
def verify(file: Path | None, signed: Path | None, public_key: str | None) -> None:
    """Recompute every chain of the audit trail, as the owner of the database.

    Compares it with the checkpoints as well, and says with which. Exits with 0 when
    all of it is whole; else with 1, naming the first bad row or the first bad line of
    the checkpoints.
    """
    key = public_key and public_key.strip().lower()
    history = checkpoints.load(signed or settings().checkpoints, key)
    if (signed or key) and not (history.last or history.bad):
        raise click.ClickException("There is no checkpoint to verify against.")
    with plainly():
        verdict = _of_export(file, history) if file else _of_database(history)
    if not verdict.whole:
        raise click.ClickException(f"The audit trail is broken at {verdict.bad}.")
    if history.torn:
        click.echo("The last line of the checkpoints is torn, and was left out.")
    click.echo(
        f"The audit trail is whole: {verdict.rows} rows, {verdict.chains} chains,"
        f" {_against(verdict.against)}"
    )


def _of_export(file: Path, history: checkpoints.History) -> trail.Verdict:
    try:
        with file.open("rb") as lines:
            return trail.verify(trail.read(lines), history)
    except trail.NotAnExport as error:
        raise click.ClickException(f"The audit trail is broken: {error}.") from None


def _of_database(history: checkpoints.History) -> trail.Verdict:
    with owning("to verify the whole audit trail"), Session(db.engine()) as session:
        return trail.verify(trail.stored(session), history)


def _against(point: checkpoints.Checkpoint | None) -> str:
    if point is None:
        return "no checkpoint file."
    return f"against {_named(point)}, signed by {point.key}"


@audit_trail.command("export")
@click.argument("out")
def export(out: str) -> None:
    """Write the whole audit trail to OUT, as the owner, for an auditor's own machine.

    Rows and heads as of one moment, as lines of JSON: ids and codes only. Take the
    copy of the checkpoints first: one that is newer names rows the export lacks.
    """
    with (
        written(out) as write,
        owning("to export the whole audit trail"),
        Session(db.engine()) as session,
    ):
        for line in trail.exported(trail.stored(session)):
            write(line)
    click.echo(f"The audit trail is in {out}.")
