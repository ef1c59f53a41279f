"""What the bus itself says when a request gets no answer: who can act, and whether anything may have been executed."""

from shared.contract.errors import Denied, OutcomeUnknown, ServiceError, Unavailable
from shared.contract.operation import Owner

_SERVICES = {
    Owner.MARKET: "market_data",
    Owner.TRADE: "order_execution (for this account)",
    Owner.ACCOUNT: "user_data (for this account)",
    Owner.STREAM: "stream_ingestion",
}


def link_down() -> Unavailable:
    """Before sending: there is no connection."""
    return Unavailable("The link to NATS is down.", retry_after_ms=1000, hint="Nothing was executed. It is being regained.")


def not_taken(error: Exception) -> Unavailable:
    """While sending: nats-py refused."""
    return Unavailable(f"The bus did not take the message ({error}).", hint="Nothing was executed.")


def too_late() -> Unavailable:
    """Before sending: nobody would wait for the answer."""
    return Unavailable("The deadline had passed before the request was sent.", hint="Nothing was executed. Allow more time.")


def nobody(subject: str) -> Unavailable:
    """The server's own answer: no subscriber."""
    owner = subject.partition(".rpc.")[2].partition(".")[0]
    service = next((service for known, service in _SERVICES.items() if known == owner), "the service")
    return Unavailable(f"Nobody answers {subject}.", retry_after_ms=1000, hint=f"Nothing was executed. Is {service} running?")


def forbidden(subject: str) -> Denied:
    """The server's permissions."""
    return Denied(f"Our user on the bus may not ask {subject}.", hint="See the permissions of the NATS users.")


def leaving(_subject: str) -> Unavailable:
    """Our own end."""
    return Unavailable("This process is shutting down.", hint="Ask again.")


def no_answer(subject: str, *, command: bool) -> ServiceError:
    """After the deadline: of a command nobody can say whether it was executed."""
    if command:
        return OutcomeUnknown(
            f"No answer from {subject} in time: it may have been executed or not.", hint="Query before trying again."
        )
    return Unavailable(f"No answer from {subject} in time.", hint="Try again, or allow more time.")
