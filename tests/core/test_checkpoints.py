"""Checkpoints: what they name can neither be rewritten nor cut without being seen."""

import json
import os
import random
import stat
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import accumulate
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from auth.actor import CHECKPOINT
from core import audit, checkpoints, db, merkle, signing, trail
from core.checkpoints import Unreadable, load, newest, replay
from core.signing import Refused, append
from core.trail import GENESIS, Link, NotAnExport, link, verify

SEED, OTHER = b"\x01" * 32, b"\x02" * 32
FIELDS = ("at", "action", "actor", "case_id", "decision", "request", "detail", "hash")


# A trail in memory: by subject its head and its rows


def chained(rows):
    """Number and hash rows anew, as an owner of the database can."""
    rows = [row._replace(seq=seq) for seq, row in enumerate(rows, start=1)]
    hashes = accumulate(rows, link, initial=GENESIS)
    next(hashes)
    return [row._replace(hash=digest) for row, digest in zip(rows, hashes, strict=True)]


def head_of(subject, rows):
    last = rows[-1] if rows else None
    nothing = [None] * 7
    return Link(
        subject, last.seq if last else 0, *nothing, last.hash if last else GENESIS
    )


def links(chains):
    for subject in sorted(chains):
        head, rows = chains[subject]
        yield head
        yield from rows


def heads(chains):
    ends = ((subject, head) for subject, (head, _) in chains.items())
    return {subject: (head.seq, head.hash) for subject, head in ends}


def upto(chains, ends):
    """The trail as it was when its chains had so many rows."""
    early = {subject: rows[: ends[subject]] for subject, (_, rows) in chains.items()}
    return {
        subject: (head_of(subject, rows), rows)
        for subject, rows in early.items()
        if rows
    }


@dataclass(frozen=True)
class Signed:
    """A trail, where its checkpoints are, and what they say."""

    chains: dict
    path: Path
    history: checkpoints.History


@pytest.fixture(scope="module")
def read_back(world, signed_in):
    """Six chains of nine rows, recorded and read back as the auditor reads them."""
    subjects = [uuid.uuid4() for _ in range(6)]
    with db.transaction(signed_in["amina"]):
        for subject in subjects:
            for n in range(9):
                audit.record(subject, "test:happened", n=n, odd="日本"[: n % 3])
    with db.transaction(signed_in["theo"]) as session:
        found = [row for row in trail.stored(session) if uuid.UUID(row[0]) in subjects]
    return {
        subject: (
            next(row for row in found if row.subject == subject and row.at is None),
            [row for row in found if row.subject == subject and row.at],
        )
        for subject in sorted(map(str, subjects))
    }


@pytest.fixture(scope="module")
def signed(read_back, tmp_path_factory):
    """Three checkpoints: each chain had at most 2, then 5, then 8 of its rows."""
    path = tmp_path_factory.mktemp("signed") / "checkpoints.jsonl"
    for most in (2, 5, 8):
        ends = {subject: max(0, most - n) for n, subject in enumerate(read_back)}
        early = heads(upto(read_back, ends))
        append(path, SEED, lambda early=early: early)
    return Signed(read_back, path, load(path))


def found_in(signed, chains):
    return verify(links(chains), signed.history).bad


# Random tampering, of one who owns nothing and of one who owns the database


def edited(chance, row):
    name = chance.choice(FIELDS)
    odd = {"hash": b"x", "case_id": str(uuid.UUID(int=chance.getrandbits(128)))}
    return row._replace(**{name: odd.get(name, f"other {chance.random()}")})


def crude(chance, subject, head, rows, marks):
    """Change a chain and leave the hashes; return it, and the first bad row."""
    place = chance.randrange(len(rows))
    way, rows = chance.choice(["edit", "delete", "insert", "swap", "cut"]), [*rows]
    if way == "edit":
        rows[place] = edited(chance, rows[place])
    elif way == "delete":
        del rows[place]
    elif way == "insert":
        rows.insert(place, rows[place - 1]._replace(seq=place + 1))
    elif way == "swap":
        other = chance.choice([n for n in range(len(rows)) if n != place])
        first, second = rows[place], rows[other]
        rows[place] = second._replace(seq=first.seq)
        rows[other] = first._replace(seq=second.seq)
        place = min(place, other)
    else:
        del rows[place:]
    return (head, rows), place + 1


def skilled(chance, subject, head, rows, marks):
    """Change what was signed, and make every hash and the head right again."""
    place = chance.randrange(max(marks))
    way, rows = chance.choice(["edit", "delete", "insert", "swap", "cut"]), [*rows]
    if way == "edit":
        rows[place] = rows[place]._replace(detail=f"other {chance.random()}")
    elif way == "delete":
        del rows[place]
    elif way == "insert":
        rows.insert(place, rows[place]._replace(request="put in"))
    elif way == "swap":
        other = chance.choice([n for n in range(len(rows)) if n != place])
        rows[place], rows[other] = rows[other], rows[place]
        place = min(place, other)
    else:
        del rows[place:]
    rows = chained(rows)
    named = [seq for seq in marks if place < seq <= len(rows)]
    return (head_of(subject, rows), rows), min(named, default=len(rows) + 1)


def gone(chance, subject, head, rows, marks):
    """Remove a chain together with its head, or with all but an empty head."""
    return chance.choice([None, (head_of(subject, []), [])]), 1


@pytest.mark.parametrize(
    ("attack", "times"), [(crude, 5000), (skilled, 4500), (gone, 500)]
)
def test_ten_thousand_changes_are_found_each_at_its_first_bad_row(
    signed, attack, times
):
    assert found_in(signed, signed.chains) is None
    chance = random.Random(7)
    marked = [s for s in signed.chains if s in signed.history.marks]
    for _ in range(times):
        subject = chance.choice(marked)
        marks = signed.history.marks[subject]
        chain, first = attack(chance, subject, *signed.chains[subject], marks)
        changed = {**signed.chains, subject: chain}
        if chain is None:
            del changed[subject]
        said = found_in(signed, changed)
        assert said, (attack, subject)
        assert said.startswith(f"{subject}/{first}: "), (said, first)


def test_without_checkpoints_a_skilled_owner_leaves_no_trace(signed):
    subject = next(iter(signed.chains))
    chance = random.Random(7)
    marks = signed.history.marks[subject]
    forged, _ = skilled(chance, subject, *signed.chains[subject], marks)
    changed = {**signed.chains, subject: forged}
    assert verify(links(changed), checkpoints.History()).whole
    assert not verify(links(changed), signed.history).whole


def test_what_lies_after_the_last_checkpoint_can_still_be_rewritten(signed):
    subject, (_, rows) = next(iter(signed.chains.items()))
    last = max(signed.history.marks[subject])
    rows = chained([*rows[:last], *(r._replace(detail="other") for r in rows[last:])])
    changed = {**signed.chains, subject: (head_of(subject, rows), rows)}
    assert found_in(signed, changed) is None


def test_a_later_checkpoint_does_not_cover_for_what_was_rewritten_before_it(signed):
    """A row signed once counts for ever, also where its chain is signed again."""
    subject, (_, rows) = next(iter(signed.chains.items()))
    rows = chained([rows[0]._replace(detail="other"), *rows[1:]])
    changed = {**signed.chains, subject: (head_of(subject, rows), rows)}
    assert max(signed.history.marks[subject]) < len(rows)
    data = signed.path.read_bytes()
    copy = signed.path.with_name("copy.jsonl")
    copy.write_bytes(data)
    append(copy, SEED, lambda: heads(changed))
    said = verify(links(changed), load(copy)).bad
    assert said == f"{subject}/2: not what a checkpoint says"


def test_a_whole_trail_says_which_checkpoint_it_agrees_with(signed):
    verdict = verify(links(signed.chains), signed.history)
    assert (verdict.whole, verdict.rows, verdict.chains) == (True, 54, 6)
    assert verdict.against == signed.history.last
    assert verdict.against.number == 3


def test_a_chain_that_comes_twice_or_late_is_found(signed):
    (early, one), (late, other) = list(signed.chains.items())[:2]
    rows = [other[0], *other[1], one[0], *one[1]]
    history = checkpoints.History()
    assert verify(rows, history).bad == f"{early}/1: out of order"
    assert verify(rows[:10] * 2, history).bad == f"{late}/10: missing"
    split = [*rows[:4], *rows[10:], *rows[4:10]]
    assert not verify(split, history).whole


@pytest.mark.parametrize("end", [-1, 1])
def test_a_head_that_says_another_length_is_found(signed, end):
    subject, (head, rows) = next(iter(signed.chains.items()))
    moved = head._replace(seq=head.seq + end)
    said = found_in(signed, {**signed.chains, subject: (moved, rows)})
    reason = "added" if end < 0 else "missing"
    assert said == f"{subject}/{max(9, 9 + end)}: {reason}"


def test_a_second_head_is_no_row(signed):
    subject, (head, rows) = next(iter(signed.chains.items()))
    said = found_in(signed, {**signed.chains, subject: (head, [head, *rows])})
    assert said == f"{subject}/1: missing"


# The file


def lines_of(signed):
    return signed.path.read_bytes().splitlines(keepends=True)


def bad_in(lines, key=None):
    return replay(b"".join(lines), key).bad


def test_a_line_carries_only_what_changed(signed):
    points = [json.loads(line) for line in lines_of(signed)]
    assert [point["number"] for point in points] == [1, 2, 3]
    assert [point["chains"] for point in points] == [2, 5, 6]
    first, second, _ = ({who for who, *_ in point["heads"]} for point in points)
    assert len(first) == 2
    assert len(second) == 5
    before = [b"", *lines_of(signed)][:3]
    hashes = [sha256(line.rstrip()).hexdigest() for line in before]
    assert [point["prev"] for point in points] == ["0" * 64, *hashes[1:]]


def test_every_byte_that_is_changed_is_found_at_its_line(signed):
    lines, chance = lines_of(signed), random.Random(7)
    for _ in range(600):
        number = chance.randrange(len(lines))
        line = bytearray(lines[number])
        place = chance.randrange(len(line) - 1)
        line[place] ^= 1 << chance.randrange(8)
        changed = [*lines[:number], bytes(line), *lines[number + 1 :]]
        assert bad_in(changed).startswith(f"checkpoints/{number + 1}: ")


def test_a_line_that_is_removed_doubled_or_moved_is_found(signed):
    one, two, three = lines_of(signed)
    assert bad_in([two, three]) == "checkpoints/1: out of order"
    assert bad_in([one, three]) == "checkpoints/2: out of order"
    assert bad_in([one, one, two, three]) == "checkpoints/2: out of order"
    assert bad_in([one, three, two]) == "checkpoints/2: out of order"


def test_only_a_copy_elsewhere_shows_that_the_last_line_was_removed(signed):
    history = replay(b"".join(lines_of(signed)[:2]))
    assert (history.bad, history.last.number) == (None, 2)


def resigned(line, seed, **changes):
    """A line with changes, with a signature that is right for `seed`."""
    point = checkpoints._read(line.rstrip())
    signer = Ed25519PrivateKey.from_private_bytes(seed)
    key = signer.public_key().public_bytes_raw().hex()
    point = replace(point, **{"key": key, **changes})
    point = replace(point, signature=signer.sign(point.rest).hex())
    return point.line + b"\n"


def test_a_foreign_line_is_found(signed):
    one, two, three = lines_of(signed)
    said = "checkpoints/2: signed by another key"
    assert bad_in([one, resigned(two, OTHER), three]) == said


def test_a_forged_signature_is_found(signed):
    one, two, three = lines_of(signed)
    stolen = json.loads(two) | {"signature": json.loads(one)["signature"]}
    line = checkpoints._canonical(stolen) + b"\n"
    assert bad_in([one, line, three]) == "checkpoints/2: the signature is false"
    key = json.loads(one)["key"]
    line = resigned(two, OTHER, key=key)
    assert bad_in([one, line, three]) == "checkpoints/2: the signature is false"


@pytest.mark.parametrize("key", ["", "00", "g" * 64, "ff" * 32, 7, None])
def test_a_key_that_is_none_signs_nothing(signed, key):
    line = resigned(lines_of(signed)[0], SEED, key=key)
    assert bad_in([line]) == "checkpoints/1: the signature is false"


def test_a_file_that_is_forged_whole_is_not_by_the_key_that_one_keeps(signed):
    lines = lines_of(signed)[:1]
    forged = [resigned(lines[0], OTHER)]
    key = json.loads(lines[0])["key"]
    assert bad_in(lines, key) is None
    assert bad_in(forged) is None
    assert bad_in(forged, key) == "checkpoints/1: signed by another key"


def test_a_signed_line_that_does_not_add_up_is_found(signed):
    one, two, three = lines_of(signed)
    said = "checkpoints/2: does not add up"
    for changes in ({"root": "0" * 64}, {"chains": 7}, {"heads": []}):
        assert bad_in([one, resigned(two, SEED, **changes), three]) == said
    back = json.loads(one)["heads"]
    assert bad_in([one, resigned(two, SEED, heads=back), three]) == said


@pytest.mark.parametrize(
    "changes",
    [
        {"heads": [["not an id", 1, "00" * 32]]},
        {"heads": [[str(uuid.UUID(int=10)).upper(), 1, "00" * 32]]},
        {"heads": [[str(uuid.UUID(int=1)), 2**63 * 2, "00" * 32]]},
        {"heads": [[str(uuid.UUID(int=1)), "1", "00" * 32]]},
        {"heads": [[str(uuid.UUID(int=1)), 1, "00"]]},
        {"heads": [[7, 1, "00" * 32]]},
        {"heads": 7},
        {"at": "yesterday"},
        {"at": "2026-01-01T00:00:00"},
    ],
    ids=str,
)
def test_a_signed_line_that_means_nothing_is_unreadable(signed, changes):
    line = lines_of(signed)[0]
    point = json.loads(line) | changes
    line = checkpoints._canonical(point) + b"\n"
    assert bad_in([line]) == "checkpoints/1: unreadable"


@pytest.mark.parametrize(
    "line",
    [b"\n", b"{}\n", b"[]\n", b"7\n", b"\xff\n", b"[" * 99999 + b"\n"],
    ids=range(6),
)
def test_a_line_that_is_none_is_unreadable(signed, line):
    one, two, _ = lines_of(signed)
    assert bad_in([one, line, two]) == "checkpoints/2: unreadable"
    signed_path = signed.path.with_name(uuid.uuid4().hex)
    signed_path.write_bytes(one + line)
    with pytest.raises(Unreadable):
        newest(signed_path)


def test_a_line_written_otherwise_is_not_the_same_line(signed):
    line = json.dumps(json.loads(lines_of(signed)[0])).encode() + b"\n"
    assert bad_in([line]) == "checkpoints/1: unreadable"


def test_a_bad_file_is_named_before_any_row(signed):
    history = replay(b"".join(lines_of(signed)[1:]))
    verdict = verify(links(signed.chains), history)
    assert (verdict.bad, verdict.rows) == ("checkpoints/1: out of order", 0)


# The newest line alone


def test_the_newest_line_is_read_by_itself(signed, tmp_path):
    assert newest(signed.path) == signed.history.last
    assert newest(tmp_path / "absent") is None
    (tmp_path / "empty").touch()
    assert newest(tmp_path / "empty") is None
    (tmp_path / "torn").write_bytes(lines_of(signed)[0][:-1])
    assert newest(tmp_path / "torn") is None


def test_a_newest_line_with_a_false_signature_is_not_shown(signed, tmp_path):
    path = tmp_path / "forged"
    path.write_bytes(resigned(lines_of(signed)[0], OTHER, key="00" * 32))
    with pytest.raises(Unreadable):
        newest(path)


def test_a_file_that_may_not_be_read_is_bad_and_an_absent_one_is_none(tmp_path):
    assert load(tmp_path).bad == "checkpoints/1: unreadable"
    with pytest.raises(Unreadable):
        newest(tmp_path)
    absent = load(tmp_path / "absent")
    assert (absent.last, absent.bad) == (None, None)


# Appending


@pytest.fixture
def path(tmp_path):
    return tmp_path / "checkpoints.jsonl"


def some_heads(count, seq=1):
    return {
        str(uuid.UUID(int=n)): (seq, sha256(bytes([n, seq])).digest())
        for n in range(count)
    }


def test_only_its_owner_may_read_the_file(path):
    append(path, SEED, dict)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_nothing_is_appended_where_nothing_changed(path):
    first = append(path, SEED, lambda: some_heads(3))
    size = path.stat().st_size
    again = append(path, SEED, lambda: some_heads(3))
    assert (first.new, again.new) == (True, False)
    assert again.checkpoint == load(path).last
    assert path.stat().st_size == size


def test_an_empty_trail_is_signed_as_empty(path):
    done = append(path, SEED, dict)
    assert (done.checkpoint.chains, done.checkpoint.root) == (0, sha256().hexdigest())
    assert load(path).bad is None


@pytest.mark.parametrize("kept", [1, 50, -1])
def test_a_torn_line_counts_for_nothing_and_is_cut_off_and_said(path, kept):
    append(path, SEED, lambda: some_heads(2))
    whole = path.read_bytes()
    append(path, SEED, lambda: some_heads(3))
    second = path.read_bytes()[len(whole) :]
    path.write_bytes(whole + second[:kept])
    torn = load(path)
    assert (torn.bad, torn.last.number, torn.torn) == (None, 1, len(second[:kept]))
    done = append(path, SEED, lambda: some_heads(3))
    assert (done.removed, done.checkpoint.number, done.new) == (torn.torn, 2, True)
    assert (load(path).bad, load(path).torn) == (None, 0)


def test_a_torn_line_is_cut_off_where_nothing_changed(path):
    append(path, SEED, lambda: some_heads(2))
    whole = path.read_bytes()
    path.write_bytes(whole + b"{")
    done = append(path, SEED, lambda: some_heads(2))
    assert (done.new, done.removed, path.read_bytes()) == (False, 1, whole)


def test_a_full_disk_leaves_no_part_of_a_line(path, monkeypatch):
    append(path, SEED, lambda: some_heads(2))
    whole = path.read_bytes()
    write = signing.FileIO.write

    class Full(signing.FileIO):
        def write(self, line):
            return write(self, line[:40])

    monkeypatch.setattr(signing, "FileIO", Full)
    with pytest.raises(OSError, match="No space left"):
        append(path, SEED, lambda: some_heads(3))
    assert path.read_bytes() == whole


def test_a_disk_that_does_not_confirm_leaves_no_part_of_a_line(path, monkeypatch):
    def refuse(_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match="Input/output"):
        append(path, SEED, lambda: some_heads(3))
    assert path.read_bytes() == b""


@pytest.mark.parametrize("how", ["shorter", "another", "gone"])
def test_a_chain_that_went_back_is_not_signed(path, how):
    append(path, SEED, lambda: some_heads(3, seq=5))
    before, subject = path.read_bytes(), str(uuid.UUID(int=1))
    now = some_heads(3, seq=5)
    if how == "gone":
        del now[subject]
    else:
        now[subject] = (4 if how == "shorter" else 5, b"\x07" * 32)
    seq = {"shorter": "5: missing", "another": "5: changed", "gone": "1: missing"}[how]
    with pytest.raises(Refused, match=f"{subject}/{seq}"):
        append(path, SEED, lambda: now)
    assert path.read_bytes() == before


def test_a_broken_file_and_one_of_another_key_are_not_continued(path):
    append(path, SEED, lambda: some_heads(3))
    before = path.read_bytes()
    with pytest.raises(Refused, match="1: signed by another key"):
        append(path, OTHER, lambda: some_heads(4))
    assert path.read_bytes() == before
    path.write_bytes(b"x\n")
    with pytest.raises(Refused, match="1: unreadable"):
        append(path, SEED, lambda: some_heads(4))
    assert path.read_bytes() == b"x\n"


def test_eight_who_append_at_once_make_one_row_of_lines(world, cast, path):
    def now():
        with db.transaction(CHECKPOINT):
            return audit.heads()

    def step(n):
        for _ in range(3):
            with db.transaction(cast.amina):
                audit.record(uuid.uuid4(), "test:happened", by=n)
            append(path, SEED, now)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(step, range(8)))
    history = load(path)
    assert history.bad is None
    ends = {subject: history.reached(subject) for subject in history.marks}
    assert ends == {subject: seq for subject, (seq, _) in now().items()}
    with db.transaction(cast.theo) as session:
        assert verify(trail.stored(session), history).whole


# The tree


def plain_root(leaves):
    """The root by its rule: leaves in order, parted at the first bit that differs."""
    if len(leaves) == 1:
        return leaves[0].hash
    bit = (leaves[0].subject ^ leaves[-1].subject).bit_length() - 1
    low = [each for each in leaves if not each.subject >> bit & 1]
    high = leaves[len(low) :]
    return sha256(b"\x01" + plain_root(low) + plain_root(high)).digest()


@given(st.lists(st.tuples(st.uuids(), st.integers(1, 9)), min_size=1))
def test_the_root_depends_on_the_heads_and_not_on_how_they_came(changes):
    tree, newest_of = None, {}
    for subject, seq in changes:
        leaf = merkle.leaf(str(subject), seq, bytes(32))
        tree, newest_of[leaf.subject] = merkle.put(tree, leaf), leaf
    leaves = [newest_of[subject] for subject in sorted(newest_of)]
    assert merkle.root(tree) == plain_root(leaves).hex()


@given(st.sets(st.integers(0, 15), min_size=1))
def test_the_root_is_right_also_where_subjects_lie_close(numbers):
    tree = None
    for number in sorted(numbers, key=lambda n: n * 7 % 16):
        tree = merkle.put(tree, merkle.leaf(str(uuid.UUID(int=number)), 1, bytes(32)))
    leaves = [merkle.leaf(str(uuid.UUID(int=n)), 1, bytes(32)) for n in sorted(numbers)]
    assert merkle.root(tree) == plain_root(leaves).hex()


def test_a_leaf_is_no_node():
    leaf = merkle.leaf(str(uuid.UUID(int=1)), 2, bytes(32))
    said = b"\x00" + uuid.UUID(int=1).bytes + (2).to_bytes(8, "big") + bytes(32)
    assert leaf.hash == sha256(said).digest()


# An export


def as_export(chains):
    return [line.encode() for line in trail.exported(links(chains))]


def test_an_export_is_verified_as_the_database_is(signed):
    lines = as_export(signed.chains)
    assert list(trail.read(lines)) == list(links(signed.chains))
    assert verify(trail.read(lines), signed.history).whole


def test_a_changed_export_is_found(signed):
    subject = next(iter(signed.chains))
    lines = as_export(signed.chains)
    lines[4] = lines[4].replace(b"test:happened", b"test:occurred")
    said = verify(trail.read(lines), signed.history).bad
    assert said == f"{subject}/4: changed"


def test_an_export_that_was_cut_is_found(signed):
    lines = as_export(signed.chains)[:-10]
    last = max(signed.chains)
    assert verify(trail.read(lines), signed.history).bad == f"{last}/1: missing"


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\xff",
        b"7",
        b"{}",
        b"[]",
        b'["a",1,null,null,null,null,null,null,null]',
        b'["a",1,null,null,null,null,null,null,null,"xx"]',
        b'["a",1,null,null,null,null,null,null,null,7]',
        b'["a","1",null,null,null,null,null,null,null,""]',
        b'[7,1,null,null,null,null,null,null,null,""]',
        b'["a",1,7,null,null,null,null,null,null,""]',
        b"[" * 99999,
    ],
    ids=range(12),
)
def test_a_line_that_is_no_row_is_named(line):
    good = b'["a",0,null,null,null,null,null,null,null,"' + b"00" * 32 + b'"]'
    with pytest.raises(NotAnExport, match="line 2 "):
        list(trail.read([good, line]))


def test_half_a_letter_in_an_export_is_a_change_and_no_crash(signed):
    subject = next(iter(signed.chains))
    lines = as_export(signed.chains)
    lines[1] = lines[1].replace(b"test:", b"test\\ud800")
    assert verify(trail.read(lines), signed.history).bad == f"{subject}/1: changed"
