"""Settings from the environment or `.env`, each declared once: type, bounds, default and description in one line.

    class Settings(ExchangeSettings):
        service: ClassVar[str] = "market_data"
        port: int = own(8001, "Port of /health, /ready and /metrics.", ge=0, le=65535)
        exchange_info_age_s: float = Field(default=300, gt=0, description="Refresh the symbol rules after so long.")

A setting `nats_url` is read from `BINANCE_NATS_URL`. `BINANCE_MARKET_DATA_NATS_URL` sets it for one service alone, which is
also the only name of those declared with `own`. The environment wins over `.env`; an empty value counts as not set. A name
that is nearly one is refused (`spelling`).
`BINANCE_ENV_FILE` names another file than `.env`, or none when it is empty (the tests' way to be alone).
`.env.example` and the README's table are made from `every_setting`.
"""

import os
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal, Self, get_args, get_origin
from urllib.parse import urlsplit

from dotenv import dotenv_values
from msgspec import Struct
from pydantic import AfterValidator, BeforeValidator, Field, JsonValue, SecretStr, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from shared.contract.environments import PAPER_PORT, Environment, Name, environment
from shared.runtime.spelling import PREFIX, Stranger, strangers

ENV_FILE = "BINANCE_ENV_FILE"

Port = Annotated[int, Field(ge=0, le=65535)]
"""A TCP port; 0 takes a free one."""


def _split(value: Any) -> Any:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_split)]
"""Values separated by commas."""


def _of_servers(urls: tuple[str, ...]) -> tuple[str, ...]:
    if not urls or not all(map(_is_server, urls)):
        raise ValueError("must be nats://host:port or tls://host:port, several separated by commas")
    return urls


def _is_server(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("nats", "tls") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # no port that there could be
        return False


Servers = Annotated[Names, AfterValidator(_of_servers)]
"""Addresses of NATS servers, separated by commas."""


PAPER_PORT_IS = "Port of the paper exchange: REST and WebSockets; 0 takes a free one."
"""It says so where it is told its port, and the others where they look for it."""
_OWN: dict[str, JsonValue] = {"own": True}


class BadSettings(Exception):
    """One line that says what is wrong and what is allowed, without any secret."""


def own(default: Any, description: str, **bounds: Any) -> Any:
    """A setting that each service has for itself: `BINANCE_<SERVICE>_<NAME>` and no common name."""
    return Field(default=default, description=description, json_schema_extra=dict(_OWN), **bounds)


class Settings(BaseSettings):
    """What every process can be told."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)
    service: ClassVar[str] = ""
    """The service's name: of its folder, its settings, its logs and on the bus."""
    word: ClassVar[str] = ""
    """What stands for the service in the names of its settings, where that is not its name."""

    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="Least level that is logged.")
    log_format: Literal["json", "console"] = Field(default="json", description="Logs for machines or for people.")
    host: str = Field(default="127.0.0.1", description="Address on which the HTTP server listens; 0.0.0.0 in a container.")
    port: Port = own(0, "Port of /health, /ready and /metrics; 0 takes a free one.")
    drain_s: float = Field(
        default=10.0, gt=0, le=300, description="Seconds that requests in flight get to end after SIGTERM or Ctrl-C."
    )

    @classmethod
    def load(cls, **given: Any) -> Self:
        """The settings of this process.

        Raises:
            BadSettings: a value is not allowed, or a name is misspelt.
        """
        if misspelt := [stranger for stranger in cls.strangers() if stranger.is_mistake]:
            raise BadSettings("; ".join(map(str, misspelt)))
        try:
            return cls(**given)
        except ValidationError as error:
            raise BadSettings("; ".join(cls._explain(dict(found)) for found in error.errors(include_input=False))) from None

    @classmethod
    def strangers(cls) -> list[Stranger]:
        """Names in the environment and in `.env` that look like settings and are none."""
        own = (name for field in cls.model_fields for name in names_of(cls, field))
        return strangers(os.environ, _of_file(), cls.word or cls.service, own)

    @classmethod
    def _explain(cls, found: Mapping[str, Any]) -> str:
        name = str(found["loc"][0]) if found["loc"] else ""
        text = str(found["msg"]).removeprefix("Value error, ")
        return f"{names_of(cls, name)[0]}: {text}" if name in cls.model_fields else text

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then the environment, then `.env`."""
        return init_settings, _Variables(cls, os.environ), _Variables(cls, _of_file())


class BusSettings(Settings):
    """What a process that talks on the bus can be told."""

    nats_url: Servers = Field(default=("nats://127.0.0.1:4222",), description="Servers of the bus, separated by commas.")
    nats_user: str = Field(default="", description="User on the bus.")
    nats_password: SecretStr = Field(default=SecretStr(""), description="Password of that user.")
    nats_creds: str = Field(default="", description="Credentials file of the bus (JWT and nkey), instead of user and password.")
    nats_ca: str = Field(default="", description="Certificate authority file; turns TLS on.")
    nats_cert: str = Field(default="", description="Client certificate file for TLS.")
    nats_key: str = Field(default="", description="Key file of that certificate.")
    nats_wait_s: float = Field(default=30.0, gt=0, le=600, description="Seconds to wait for the bus at start.")
    subject_prefix: str = Field(
        default="binance", pattern=r"^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$", description="First token of every subject."
    )
    concurrency: int = Field(
        default=256, ge=1, le=65536, description="Requests that a service works on at once; one more is told to come back."
    )
    deadline_ms: int = Field(
        default=10_000, ge=100, le=60_000, description="Time that a request may take when its caller names no deadline."
    )


class ExchangeSettings(BusSettings):
    """What a process that concerns itself with an exchange can be told."""

    environment: Name = Field(
        default="paper", description="Which exchange: paper and testnet cost nothing, live and us trade real money."
    )
    rest_url: str = Field(default="", description="REST address instead of the environment's own.")
    ws_api_url: str = Field(default="", description="WebSocket API address instead of the environment's own.")
    stream_url: str = Field(default="", description="Stream address instead of the environment's own.")
    paper_port: Port = Field(default=PAPER_PORT, description=PAPER_PORT_IS)

    @cached_property
    def exchange(self) -> Environment:
        """The exchange and its addresses."""
        return environment(
            self.environment,
            rest_url=self.rest_url,
            ws_api_url=self.ws_api_url,
            stream_url=self.stream_url,
            paper_port=self.paper_port,
        )

    @model_validator(mode="after")
    def _addresses_fit(self) -> Self:
        _ = self.exchange
        return self


def _of_file() -> dict[str, str | None]:
    file = os.environ.get(ENV_FILE, ".env")
    return dotenv_values(file) if file else {}


class _Variables(PydanticBaseSettingsSource):
    """Values of variables by the names of their settings."""

    def __init__(self, cls: type[Settings], variables: Mapping[str, str | None]) -> None:
        super().__init__(cls)
        self._cls = cls
        self._variables = variables

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        found = (self._variables.get(name) for name in reversed(names_of(self._cls, field_name)))
        return next((value for value in found if value), None), field_name, False

    def __call__(self) -> dict[str, Any]:
        values = {name: self.get_field_value(field, name)[0] for name, field in self._cls.model_fields.items()}
        return {name: value for name, value in values.items() if value is not None}


def names_of(cls: type[Settings], field: str) -> tuple[str, ...]:
    """The variables that a setting is read from; the first is the one to document, the last the one that wins."""
    for_all, for_one = f"{PREFIX}{field}".upper(), f"{PREFIX}{cls.word or cls.service}_{field}".upper()
    if not cls.service:
        return (for_all,)
    return (for_one,) if cls.model_fields[field].json_schema_extra == _OWN else (for_all, for_one)


class Setting(Struct, frozen=True):
    """One setting as `.env.example` and the README tell it."""

    name: str
    default: str
    allowed: str
    """The choices, where there are few; else empty."""
    description: str
    services: tuple[str, ...]


def every_setting(classes: Iterable[type[Settings]]) -> list[Setting]:
    """All settings of these services, each once, in the order of declaration, common ones first.

    Raises:
        ValueError: a setting has no description, or two services mean different things by one name.
    """
    found: dict[str, Setting] = {}
    for cls in classes:
        for field, info in cls.model_fields.items():
            if not info.description:
                raise ValueError(f"{cls.__module__}.{cls.__name__}.{field} has no description")
            setting = Setting(names_of(cls, field)[0], _text(info.default), _choices(info), info.description, (cls.service,))
            other = found.setdefault(setting.name, setting)
            if (other.default, other.allowed, other.description) != (setting.default, setting.allowed, setting.description):
                raise ValueError(f"{setting.name} means different things to {other.services[0]} and {cls.service}")
            if other is not setting:
                found[setting.name] = Setting(
                    setting.name, setting.default, setting.allowed, setting.description, (*other.services, cls.service)
                )
    return sorted(found.values(), key=lambda setting: -len(setting.services))


def _text(value: Any) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, tuple):
        return ",".join(str(part) for part in value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _choices(info: FieldInfo) -> str:
    if info.annotation is bool:
        return "true, false"
    return ", ".join(map(str, get_args(info.annotation))) if get_origin(info.annotation) is Literal else ""
