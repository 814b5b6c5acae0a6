"""Every step on needs, referrals and services: who may take it, and when."""

import uuid
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from marshmallow import Schema

from auth import access
from auth.actor import Actor
from auth.policy import May
from casework import cases
from casework.models.case import Case
from casework.steps.every import BY_NAME as CASE_STEPS
from core.steps import Body, Step, anytime, blank
from core.text import N_
from referrals import choices, loading, schemas
from referrals.choices import SchemaOf
from referrals.commands import care, directory, provider
from referrals.models import Referral
from referrals.stages import OPEN, WITH_PROVIDER, can

When = Callable[[Any], bool]
Command = Callable[[Any, Any, Body], Any]


def _to_the_list(actor: Actor, case_id: uuid.UUID, body: Body) -> None:
    """Refer, and show the case's list again rather than the one referral."""
    care.refer(actor, case_id, body)


def _on_case(
    name: str, title: str, command: Command, schema: SchemaOf, **more: Any
) -> Step:
    def allow(actor: Actor, case_id: uuid.UUID) -> Case:
        return cases.load(actor, May.CARE, case_id)

    return Step(
        endpoint=f"casework.{name}",
        path=f"/cases/<uuid:id>/{name.replace('_', '-')}",
        title=title,
        schema=schema,
        command=command,
        allow=allow,
        after="referrals.care",
        may=May.CARE,
        **more,
    )


def _on_referral(
    name: str,
    title: str,
    may: May,
    command: Command,
    form: type[Schema],
    when: When,
    prefill: Callable[[Any, Any], Body] = blank,
    **more: Any,
) -> Step:
    def allow(actor: Actor, referral_id: uuid.UUID) -> Referral:
        return loading.load(actor, may, referral_id)

    return Step(
        endpoint=f"referrals.{name}",
        path=f"/referrals/<uuid:id>/{name.replace('_', '-')}",
        title=title,
        schema=choices.fixed(form),
        command=command,
        allow=allow,
        after="referrals.referral",
        may=may,
        when=when,
        prefill=prefill,
        guarded=True,
        changes=choices.events_since,
        **more,
    )


def _on_service(
    name: str,
    title: str,
    command: Command,
    form: type[Schema],
    prefill: Callable[[Any, Any], Body] = blank,
    **more: Any,
) -> Step:
    return Step(
        endpoint=f"referrals.{name}",
        path=f"/services/<uuid:id>/{name.partition('_')[0]}",
        title=title,
        schema=choices.fixed(form),
        command=command,
        allow=directory.load,
        after="referrals.service",
        may=May.MANAGE_DIRECTORY,
        when=lambda row: row.withdrawn_at is None,
        prefill=prefill,
        guarded=True,
        **more,
    )


def _at(move: str) -> When:
    return lambda row: can(move, row.status)


def _manages(actor: Actor, _: None) -> None:
    access.require_role(actor, May.MANAGE_DIRECTORY)


ON_CASE = (
    _on_case(
        "record_need",
        N_("Record a need"),
        care.record_need,
        choices.of_survivor(schemas.RecordNeed),
        prefill=choices.only_survivor,
    ),
    _on_case(
        "refer",
        N_("Refer to a service"),
        _to_the_list,
        choices.refer,
        prefill=choices.known,
        intro=N_(
            "The service first sees only what is needed to answer: kind, urgency, age,"
            " language and place. Name and contact open to it with its acceptance."
        ),
        submit=N_("Send the referral"),
        done=N_("The referral is sent."),
    ),
    _on_case(
        "withdraw_consent",
        N_("Record that a survivor wants no referral any more"),
        care.withdraw_consent,
        choices.of_survivor(schemas.WithdrawConsent),
        prefill=choices.only_survivor,
        intro=N_(
            "The decision is recorded, and every open referral of this survivor ends at"
            " once: the services can no longer open the name."
        ),
        submit=N_("End the referrals"),
    ),
)

ON_REFERRAL = (
    _on_referral(
        "accept_referral",
        N_("Accept the referral"),
        May.ANSWER_REFERRAL,
        provider.accept_referral,
        schemas.AcceptReferral,
        when=_at("accept"),
        intro=N_(
            "Your desk then sees the name and the safe contact, at once and for this"
            " referral alone."
        ),
        submit=N_("Accept"),
    ),
    _on_referral(
        "reject_referral",
        N_("Reject the referral"),
        May.ANSWER_REFERRAL,
        provider.reject_referral,
        schemas.RejectReferral,
        when=_at("reject"),
        submit=N_("Reject"),
    ),
    _on_referral(
        "receive_referral",
        N_("Confirm receipt, answer later"),
        May.ANSWER_REFERRAL,
        provider.receive_referral,
        schemas.ReceiveReferral,
        when=_at("receive"),
        intro=N_("The time limit for your answer goes on."),
        submit=N_("Confirm receipt"),
    ),
    _on_referral(
        "report_service",
        N_("Report on the service"),
        May.ANSWER_REFERRAL,
        provider.report_service,
        schemas.ReportService,
        when=_at("complete"),
        prefill=choices.just_now,
    ),
    _on_referral(
        "follow_up",
        N_("Record a follow-up"),
        May.CARE,
        care.record_follow_up,
        schemas.FollowUp,
        when=lambda row: row.status in WITH_PROVIDER,
        prefill=choices.just_now,
    ),
    _on_referral(
        "withdraw_referral",
        N_("Withdraw the referral"),
        May.CARE,
        care.withdraw_referral,
        schemas.WithdrawReferral,
        when=lambda row: row.status in OPEN,
        intro=N_("The service can no longer open the name. This cannot be undone."),
        submit=N_("Withdraw"),
    ),
)

ON_SERVICE = (
    _on_service(
        "verify_service",
        N_("Verify the service"),
        directory.verify_service,
        schemas.VerifyService,
        prefill=choices.as_listed,
        intro=N_("Call or visit, then correct what has changed."),
        submit=N_("It is right"),
    ),
    _on_service(
        "withdraw_service",
        N_("Withdraw the service"),
        directory.withdraw_service,
        schemas.WithdrawService,
        intro=N_("It is no longer offered. Referrals that were sent to it go on."),
        submit=N_("Withdraw"),
    ),
)

NEW_SERVICE = Step(
    endpoint="referrals.create_service",
    path="/services/new",
    title=N_("Enter a service"),
    schema=choices.create_service,
    command=directory.create_service,
    allow=_manages,
    after="referrals.service",
    may=May.MANAGE_DIRECTORY,
    intro=N_("Enter a service that you have just called or visited."),
    submit=N_("Enter the service"),
    when=anytime,
)

# The same page as casework's; here referrals that a decision no longer covers end.
CONSENT = replace(CASE_STEPS["record_consent"], command=care.record_consent)

STEPS: tuple[Step, ...] = (*ON_CASE, CONSENT, *ON_REFERRAL, NEW_SERVICE, *ON_SERVICE)


def open_steps(steps: Iterable[Step], may: Iterable[May], row: Any) -> list[Step]:
    """Return the steps that somebody who may do `may` can take on a row now."""
    allowed = set(may)
    return [step for step in steps if step.may in allowed and step.when(row)]
