"""Faults that must never be ours: what each changes, and the test that notices it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """One fault: `old`, found once in `file`, becomes `new`, and `test` must fail."""

    name: str
    file: str
    old: str
    new: str
    test: str


MUTANTS = (
    Mutant(
        "the nonce is fixed",
        "vault/crypto.py",
        "nonce = secrets.token_bytes(NONCE)",
        "nonce = bytes(NONCE)",
        "tests/vault/test_crypto.py::test_nonces_are_never_repeated",
    ),
    Mutant(
        "a field is not bound to its row",
        "vault/boxes.py",
        "column.key, row_id, self.name,",
        "column.key, self.name,",
        "tests/vault/test_boxes.py::test_a_field_opens_in_no_other_row",
    ),
    Mutant(
        "nothing is padded",
        "vault/crypto.py",
        "return data + bytes(-len(data) % PAD)",
        "return data",
        "tests/vault/test_boxes.py"
        "::test_lengths_of_words_show_only_in_steps_of_32_bytes",
    ),
    Mutant(
        "keys for two purposes are one",
        "vault/crypto.py",
        "info=bind(purpose)",
        'info=b""',
        "tests/vault/test_crypto.py::test_keys_for_two_purposes_have_nothing_in_common",
    ),
    Mutant(
        "a grant is not bound to its holder",
        "vault/boxes.py",
        'return ("grant", *place, holder_id, generation)',
        'return ("grant", *place, generation)',
        "tests/vault/test_boxes.py"
        "::test_a_grant_is_bound_to_compartment_case_name_version_and_holder",
    ),
    Mutant(
        "a grant is not bound to its version",
        "vault/boxes.py",
        "place = (self.id, self.case_id, self.name, self.version)",
        "place = (self.id, self.case_id, self.name)",
        "tests/vault/test_boxes.py"
        "::test_a_grant_is_bound_to_compartment_case_name_version_and_holder",
    ),
    Mutant(
        "bytes that do not open are shown as words",
        "vault/boxes.py",
        "        return decrypt(self.key, body,",
        "        try:\n"
        "            decrypt(self.key, body, self._bound(column, row_id))\n"
        "        except Tampered:\n"
        '            return body.decode(errors="replace")\n'
        "        return decrypt(self.key, body,",
        "tests/vault/test_boxes.py"
        "::test_plain_words_in_the_database_are_not_taken_for_sealed_ones",
    ),
    Mutant(
        "consent is taken for granted",
        "auth/policy.py",
        "When.WITH_CONSENT: self.identity_shared,",
        "When.WITH_CONSENT: True,",
        "tests/auth/test_policy.py::test_a_condition_is_looked_at_each_time",
    ),
    Mutant(
        "the barred keep their keys",
        "auth/keys.py",
        "who = team - barred if team & barred else {row.holder} - barred",
        "who = {row.holder}",
        "tests/auth/test_access.py"
        "::test_a_desk_with_a_barred_member_gives_way_to_its_others",
    ),
    Mutant(
        "a key is said to be renewed and is not",
        "vault/settling.py",
        "            self._renew(name)\n",
        "            self.stale -= self.rows.keys()\n",
        "tests/referrals/test_keys.py"
        "::test_the_care_officer_who_ends_it_renews_its_key_at_once",
    ),
    Mutant(
        "a gate is lifted before its condition is met",
        "vault/settling.py",
        "if grant.gated and place[1] in should.open and",
        "if grant.gated and place[1] in should.all and",
        "tests/vault/test_settling.py"
        "::test_settling_again_lifts_no_gate_whose_condition_is_not_met",
    ),
    Mutant(
        "a desk's key is not re-made when somebody leaves",
        "vault/holders.py",
        "session.execute(stale.values(renew_since=db.now()))",
        "session.execute(stale.values(renew_since=None))",
        "tests/auth/test_desk_keys.py::test_the_next_sign_in_makes_the_desks_next_key",
    ),
    Mutant(
        "a read is not recorded",
        "casework/opening.py",
        "audit.record_read(actor, case_id, compartments=names, fields=len(ready))",
        "assert names",
        "tests/vault/test_reading.py"
        "::test_a_read_is_on_record_before_anything_is_opened",
    ),
    Mutant(
        "a read is recorded after the opening",
        "casework/opening.py",
        "    if ready:\n"
        "        names = sorted({compartment_of(column) for column, _ in ready})\n",
        "    for column, row in ready:\n"
        "        opened.words[str(column), row.id] = _open(column, row, boxes)\n"
        "    if ready:\n"
        "        names = sorted({compartment_of(column) for column, _ in ready})\n",
        "tests/vault/test_reading.py"
        "::test_a_read_is_on_record_before_anything_is_opened",
    ),
)
