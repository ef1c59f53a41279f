"""What a command came to: the outcome itself, or the refusal as the client is told it."""

from typing import TypeVar

from services.paper_exchange import errors
from services.paper_exchange.engine import outcomes
from services.paper_exchange.engine.commands import Command
from services.paper_exchange.handlers import Handlers
from shared.contract.exchange_errors import ERRORS

Outcome = TypeVar("Outcome")


def done(outcome: Outcome | outcomes.Refused) -> Outcome:
    """The outcome; raises errors.Refused where the engine refused."""
    if isinstance(outcome, outcomes.Refused):
        raise told(outcome)
    return outcome


def execute(handlers: Handlers, command: Command, kind: type[Outcome]) -> Outcome:
    """Have a command carried out, whose outcome is of this kind; raises errors.Refused where the engine refused."""
    outcome = done(handlers.venue.execute(command))
    assert isinstance(outcome, kind)
    return outcome


def told(no: outcomes.Refused) -> errors.Refused:
    """The engine's refusal with the HTTP status that goes with its code."""
    known = ERRORS.get(no.code)
    return errors.Refused(no.code, no.message, status=known.status if known is not None else 400)
