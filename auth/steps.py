"""Every step of this package: its form, its command, and who may take it."""

from core.steps import Step

STEPS: tuple[Step, ...] = ()
