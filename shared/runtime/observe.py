"""What a process tells of itself in words: structured logs to stderr (stdout belongs to MCP over stdio), secrets struck out.

    log = observe.logger("market_data.symbols")
    log.info("symbols refreshed", count=2483, took_ms=12)

Events are short sentences without values; values are keys. An error is logged once, where it is handled.
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, Literal

import msgspec
import structlog
from structlog.typing import FilteringBoundLogger, Processor

REDACTED = "***"
Form = Literal["json", "console"]
_SECRET_KEY = re.compile(
    r"secret|passw|passphrase|token|signature|api_?key|authorization|cookie|private|creds|mbx-apikey", re.IGNORECASE
)
_SECRET_TEXT = re.compile(
    r"(?P<name>\b(?:signature|api_?key|secret|password|passphrase|token|listenKey)[\"']?\s*[=:]\s*[\"']?)[^\s&\"',;]+"
    r"|(?P<bearer>\bBearer\s+)\S+"
    r"|(?P<url>\b[a-z][a-z0-9+.-]*://)[^/\s@]+@",
    re.IGNORECASE,
)
_NOISY = ("httpx", "httpcore", "uvicorn", "websockets", "asyncio", "aiohttp", "mcp")
"""Libraries that log every request, some with its query string: only their warnings are wanted."""


def logger(name: str) -> FilteringBoundLogger:
    """The logger of a module; what it says follows the configuration of the moment it says it."""
    return structlog.get_logger(module=name)


def configure(service: str, level: str = "info", form: Form = "json") -> None:
    """Send all logs of the process, those of libraries included, to stderr in one form."""
    least = getattr(logging, level.upper())
    prepare, render = _steps(service), _renderer(form)
    _configure_own(least, [*prepare, render])
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[_foreign_module, *prepare],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
        )
    )
    logging.basicConfig(handlers=[handler], level=least, force=True)
    for name in _NOISY:
        logging.getLogger(name).setLevel(max(least, logging.WARNING))


def _configure_own(least: int, processors: list[Processor]) -> None:
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=_to_stderr,
        cache_logger_on_first_use=False,
    )


def _steps(service: str) -> list[Processor]:
    """What happens to every event. Tracebacks become plain text: without local variables, and redacted like all text."""
    return [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _Named(service),
        redact,
    ]


def _renderer(form: Form) -> Processor:
    if form == "json":
        return structlog.processors.JSONRenderer(serializer=_json)
    return structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=40)


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Strike out values whose key names a secret, and secrets inside texts (query strings, URLs with users, tracebacks)."""
    return {key: _clean(key, value) for key, value in event.items()}


def without_secrets(text: str) -> str:
    """The text with passwords, keys, signatures and the users of URLs struck out."""
    return _SECRET_TEXT.sub(lambda found: (found["name"] or found["bearer"] or found["url"]) + REDACTED, text)


def _clean(key: str, value: Any) -> Any:
    if value and _SECRET_KEY.search(key):
        return REDACTED
    if isinstance(value, str):
        return without_secrets(value)
    if isinstance(value, dict):
        return {str(name): _clean(str(name), inner) for name, inner in value.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return value


def _to_stderr(*_: Any) -> structlog.PrintLogger:
    return structlog.PrintLogger(sys.stderr)


def _foreign_module(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    record: logging.LogRecord = event["_record"]
    return {**event, "module": record.name}


class _Named:
    def __init__(self, service: str) -> None:
        self._service = service

    def __call__(self, _logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        return {"service": self._service, **event} if self._service else event


def _json(event: Any, **_: Any) -> str:
    return msgspec.json.encode(event, enc_hook=str).decode()


_configure_own(logging.INFO, [*_steps(""), _renderer("console")])  # until `configure` is called
