"""Who may do what and who opens what, against a table written by hand.

The table is that of the rules of the house, word for word where it can be; what the
program does not do yet is marked by a comment.
"""

import pytest

from auth import rls
from auth.policy import (
    APART,
    BY_ROLE,
    BY_STANDING,
    GIVES,
    OPENS,
    SEES,
    STANDING_OF_DESK,
    WRITES,
    Compartment,
    DeskKind,
    Facts,
    May,
    Opening,
    Role,
    Standing,
    When,
    by_role,
    by_standing,
    clash,
    givers,
    openers,
    opening,
    opens,
    writers,
)
from tests.vault.columns import SEALED
from vault.boxes import compartment_of

# yes: always · before: until handed over · consent: with the survivor's consent ·
# accepted: after acceptance, gated before · gated: only through an emergency ·
# writes: into a fresh key, without reading · -: never
COMPARTMENTS = "report thread survivor subject care investigation final referral"
TABLE = {
    # The intake desk keeps the thread when it has handed over.
    "intake": "before yes before before writes - - -",
    "lead": "yes yes yes yes - - yes -",
    "investigator": "yes yes consent yes - yes writes -",
    # The partner's own investigation file is not kept here yet.
    "partner_investigator": "yes - consent yes - - writes -",
    "care_officer": "- - yes - yes - - yes",
    "legal_officer": "- - consent yes - - yes -",
    # Of the report only the retaliation concern, which has no compartment yet.
    "ethics_officer": "- - consent yes - - - -",
    "provider": "- - - - - - - accepted",
    # Behind the gate: nobody opens it until a person breaks the glass.
    "duty": "gated - gated - gated - - -",
    "emergency": "yes - yes - yes - - -",
    "barred": "- - - - - - - -",
}
WORDS = {
    When.ALWAYS: "yes",
    When.BEFORE_HAND_OVER: "before",
    When.WITH_CONSENT: "consent",
    When.AFTER_ACCEPTANCE: "accepted",
    When.IN_DANGER: "gated",
}
# What only one kind of standing may do, and what nobody else therefore can.
ACTS = {
    May.TRIAGE: "intake",
    May.ACKNOWLEDGE: "intake",
    May.HAND_OVER: "intake",
    May.ASSIGN: "lead",
    May.BAR: "lead",
    May.REOPEN: "lead",
    May.SET_TIME: "lead",
    May.SEE_WHO_LOOKED: "lead",
    May.TAKE: "investigator",
    May.DECIDE: "investigator",
    May.INVESTIGATE: "investigator",
    May.CONFIRM_REFERRAL: "investigator",
    May.MONITOR_PARTNER: "investigator partner_investigator",
    May.PROTECT: "investigator lead",
    May.CLOSE: "investigator lead",
    May.ACCEPT_CARE: "care_officer",
    May.CARE: "care_officer",
    May.TELL_OUTCOME: "care_officer",
    May.RECORD_CONSENT: "care_officer intake",
    May.SEND_TO_LEGAL: "investigator lead",
    May.DECIDE_LEGALLY: "legal_officer",
    May.SEE_REFERRAL: "care_officer provider",
    May.ANSWER_REFERRAL: "provider",
    May.SEE_SUBMISSION: "intake lead",
    May.DECIDE_SUBMISSION: "intake lead",
    May.ADD_PERSON: "intake lead investigator care_officer legal_officer"
    " ethics_officer",
    May.END_STANDING: "lead",
    May.SEE_READERS: "care_officer lead",
    May.BREAK_GLASS: "duty",
    May.REVIEW_EMERGENCY: "lead",
}
ALL_FACTS = [
    Facts(handed_over=a, identity_shared=b, offered=c, accepted=d)
    for a in (False, True)
    for b in (False, True)
    for c, d in ((False, False), (True, False), (False, True))
]


def cell(standing: Standing, compartment: Compartment) -> str:
    if compartment in WRITES.get(standing, ()):
        return "writes"
    condition = OPENS[standing].get(compartment)
    return WORDS[condition] if condition else "-"


@pytest.mark.parametrize("standing", Standing)
def test_each_standing_opens_what_the_table_says(standing):
    found = [cell(standing, Compartment(name)) for name in COMPARTMENTS.split()]
    assert " ".join(found) == TABLE[standing]


def test_the_table_covers_every_standing_and_compartment():
    assert set(TABLE) == set(Standing) == set(OPENS) == set(BY_STANDING)
    assert set(COMPARTMENTS.split()) == set(Compartment)


@pytest.mark.parametrize("action", ACTS, ids=str)
def test_an_act_belongs_to_the_standings_that_the_table_names(action):
    found = {standing for standing in Standing if action in BY_STANDING[standing]}
    assert found == set(ACTS[action].split())


def test_every_act_is_someones():
    by_roles = {action for allowed in BY_ROLE.values() for action in allowed}
    by_standings = {action for allowed in BY_STANDING.values() for action in allowed}
    assert by_roles | by_standings == set(May)
    assert not by_roles & by_standings, "a role never acts on a case"


def test_every_act_on_a_case_is_in_the_table():
    anyone = {May.SEE_CASE, May.DECLARE_CONFLICT}
    by_standings = {action for allowed in BY_STANDING.values() for action in allowed}
    assert by_standings == set(ACTS) | anyone


def test_every_role_and_every_kind_of_desk_is_covered():
    assert set(BY_ROLE) == set(Role)
    assert set(STANDING_OF_DESK) == set(DeskKind)
    assert len(set(STANDING_OF_DESK.values())) == len(DeskKind)
    of_people = {Standing.BARRED, Standing.EMERGENCY}
    assert set(STANDING_OF_DESK.values()) == set(Standing) - of_people


def test_no_role_opens_a_case():
    on_a_case = {action for allowed in BY_STANDING.values() for action in allowed}
    for role in Role:
        assert not BY_ROLE[role] & on_a_case


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.ADMINISTRATOR])
def test_who_looks_on_has_no_standing_of_that_name(role):
    assert role not in set(Standing)
    assert May.LIST_CASES not in BY_ROLE[role]


def test_an_auditor_sees_figures_and_the_trail_and_nothing_else():
    assert BY_ROLE[Role.AUDITOR] == {May.SEE_STATISTICS, May.VERIFY_AUDIT}


def test_a_provider_does_nothing_by_role():
    assert BY_ROLE[Role.PROVIDER] == frozenset()
    assert May.SEE_CASE not in BY_STANDING[Standing.PROVIDER]


@pytest.mark.parametrize("action", May)
@pytest.mark.parametrize("other", Standing)
def test_barred_wins_over_every_standing(action, other):
    assert not by_standing([other, Standing.BARRED], action)
    assert not by_standing([Standing.BARRED, other], action)


def test_nobody_without_a_standing_or_role_may_do_anything():
    for action in May:
        assert not by_standing([], action)
        assert not by_role([], action)


def test_two_standings_allow_what_either_does():
    both = [Standing.INTAKE, Standing.LEGAL_OFFICER]
    assert by_standing(both, May.TRIAGE)
    assert by_standing(both, May.DECIDE_LEGALLY)
    assert not by_standing(both, May.CARE)


def test_two_roles_allow_what_either_does():
    assert by_role(["focal_point", "auditor"], May.VERIFY_AUDIT)
    assert not by_role(["focal_point"], May.VERIFY_AUDIT)


@pytest.mark.parametrize("facts", ALL_FACTS, ids=str)
@pytest.mark.parametrize("standing", Standing)
def test_a_condition_is_looked_at_each_time(standing, facts):
    met = {
        "yes": True,
        "before": not facts.handed_over,
        "consent": facts.identity_shared,
        "accepted": facts.accepted,
        "gated": False,
        "writes": False,
        "-": False,
    }
    for name, word in zip(COMPARTMENTS.split(), TABLE[standing].split(), strict=True):
        assert opens(standing, Compartment(name), facts) == met[word]
        waits = word == "gated" or (word == "accepted" and facts.offered)
        gated = opening(standing, Compartment(name), facts) is Opening.GATED
        assert gated == (waits and not met[word])


def test_nothing_is_presumed_before_it_is_known():
    assert Facts() == Facts(
        handed_over=False, identity_shared=False, offered=False, accepted=False
    )


@pytest.mark.parametrize("compartment", Compartment)
def test_whoever_writes_without_reading_leaves_it_to_someone_who_reads(compartment):
    assert openers(compartment)
    assert not openers(compartment) & writers(compartment)


def test_identity_goes_to_investigators_only_with_consent():
    inquiring = {Standing.INVESTIGATOR, Standing.PARTNER_INVESTIGATOR}
    for standing in inquiring | {Standing.LEGAL_OFFICER, Standing.ETHICS_OFFICER}:
        assert OPENS[standing][Compartment.SURVIVOR] is When.WITH_CONSENT


def test_investigators_never_see_care_and_care_never_sees_the_inquiry():
    assert openers(Compartment.CARE) == {Standing.CARE_OFFICER, Standing.EMERGENCY}
    for part in (Compartment.REPORT, Compartment.INVESTIGATION, Compartment.SUBJECT):
        assert Standing.CARE_OFFICER not in openers(part)


@pytest.mark.parametrize("care", ["care_officer", "provider", "emergency"])
@pytest.mark.parametrize("work", ["investigator", "partner_investigator"])
def test_support_and_investigation_stay_apart(care, work):
    assert clash([Standing(care), Standing(work)])
    assert clash([Standing(work), Standing(care), Standing.INTAKE])


def test_other_standings_may_meet_in_one_person():
    apart = {frozenset(pair) for pair in APART}
    assert len(apart) == 6
    for one in Standing:
        for other in Standing:
            assert clash([one, other]) == (frozenset({one, other}) in apart)


FULL = [facts for facts in ALL_FACTS if not facts.handed_over]


@pytest.mark.parametrize("giver", GIVES, ids=str)
def test_nobody_gives_what_they_do_not_hold(giver):
    """What the one given opens, the giver opens, has just written, or keeps gated."""
    for given in GIVES[giver]:
        for part in Compartment:
            for facts in FULL:
                if not opens(given, part, facts):
                    continue
                holds = opening(giver, part, facts) is not Opening.SHUT
                by_desk = (giver, given) == (Standing.LEAD, Standing.INVESTIGATOR)
                assert holds or part in WRITES.get(giver, ()) or by_desk, (given, part)


def test_only_a_duty_desk_lets_somebody_in_for_an_emergency():
    assert givers(Standing.EMERGENCY) == {Standing.DUTY}
    assert not givers(Standing.DUTY)
    assert givers(Standing.BARRED) == {Standing.LEAD}


def test_from_a_duty_desk_a_case_is_not_seen():
    assert BY_STANDING[Standing.DUTY] == {May.BREAK_GLASS}
    assert not BY_STANDING[Standing.DUTY] & set(SEES)
    assert Standing.DUTY not in {who for part in Compartment for who in openers(part)}


# The same rule in the database: each table's readers, found in its policy


def readers(table: str) -> set[str]:
    """Return the standings that row security lets read a table of sealed words."""
    rule = rls.RULES[table].read
    found = {s for s in Standing if f"stands_on({key_of(table)}, '{{" in rule}
    listed = rule.split(f"stands_on({key_of(table)}, '{{")[1].split("}'")[0]
    found &= {Standing(name) for name in listed.split(",")}
    if "stands_on_referral" in rule:
        found.add(Standing.PROVIDER)
    return set(found)


def key_of(table: str) -> str:
    return "id" if table == "submissions" else "case_id"


SEALED_IN = {
    table: {
        Compartment(compartment_of(c))
        for c in SEALED
        if c.class_.__tablename__ == table
    }
    for table in sorted({column.class_.__tablename__ for column in SEALED})
}
# Narrower than the keys: what is set aside is for those who decide about it.
NARROWER = {"submissions": {Standing.INTAKE, Standing.LEAD}}


@pytest.mark.parametrize("table", SEALED_IN)
def test_nobody_reads_sealed_rows_that_could_never_open_for_them(table):
    could = set().union(*(openers(c) | writers(c) for c in SEALED_IN[table]))
    assert readers(table) <= could


@pytest.mark.parametrize("table", SEALED_IN)
def test_whoever_could_open_sealed_words_reads_their_rows(table):
    could = set().union(*(openers(c) for c in SEALED_IN[table]))
    expected = NARROWER.get(table, could)
    assert expected <= readers(table)
