"""Other people's clients behind one small seam: an operation by its name, parameters by theirs, the reply as plain JSON.

The official client is asked by its own methods with its own types; python-binance by its signed requests, which its named
methods wrap too.
"""

import re
import warnings
from typing import Any, Protocol

from binance_common.configuration import ConfigurationRestAPI, ConfigurationWebSocketAPI
from binance_common.errors import Error as SdkError
from binance_sdk_spot.spot import Spot

from shared.contract.catalog import BY_METHOD
from tests.paper_exchange.conftest import PaperProcess

with warnings.catch_warnings():
    # python-binance 1.0 imports a name that websockets has deprecated.
    warnings.simplefilter("ignore", DeprecationWarning)
    from binance.async_client import AsyncClient as PythonBinance
    from binance.exceptions import BinanceAPIException


class Said(Exception):
    """What a client was told instead of an answer."""


class Client(Protocol):
    """One account's client."""

    async def ask(self, method: str, **params: Any) -> Any:
        """The reply, as the client understood it; raises Said."""
        ...

    async def close(self) -> None: ...


REST_NAMES = {
    "order.place": "new_order",
    "order.test": "order_test",
    "order.cancel": "delete_order",
    "openOrders.cancelAll": "delete_open_orders",
    "orderList.place": "order_oco",
    "orderList.place.oco": "order_list_oco",
    "orderList.place.oto": "order_list_oto",
    "orderList.place.otoco": "order_list_otoco",
    "orderList.place.opo": "order_list_opo",
    "orderList.place.opoco": "order_list_opoco",
    "orderList.cancel": "delete_order_list",
    "sor.order.place": "sor_order",
    "sor.order.test": "sor_order_test",
    "account.status": "get_account",
    "account.rateLimits.orders": "rate_limit_order",
    "order.status": "get_order",
    "openOrders.status": "get_open_orders",
    "orderList.status": "get_order_list",
    "openOrderLists.status": "open_order_list",
    "allOrderLists": "all_order_list",
}
"""Of the official client, where a method is not called after the operation."""


class SdkRest:
    """The official client over REST."""

    def __init__(self, exchange: PaperProcess, key: str, secret: str) -> None:
        settings = ConfigurationRestAPI(api_key=key, api_secret=secret, base_path=exchange.url, timeout=10_000)
        self._api: Any = Spot(config_rest_api=settings).rest_api

    async def ask(self, method: str, **params: Any) -> Any:
        name = REST_NAMES.get(method) or _snake(method)
        try:
            return _plain(getattr(self._api, name)(**_snaked(params)).data())
        except SdkError as error:
            raise Said(str(error)) from None

    async def close(self) -> None:
        self._api._session.close()


class SdkSocket:
    """The official client over the WebSocket API."""

    def __init__(self, exchange: PaperProcess, key: str, secret: str) -> None:
        address = f"{exchange.ws_url}/ws-api/v3"
        self._spot: Any = Spot(config_ws_api=ConfigurationWebSocketAPI(api_key=key, api_secret=secret, stream_url=address))
        self._connection: Any = None

    async def ask(self, method: str, **params: Any) -> Any:
        if self._connection is None:
            self._connection = await self._spot.websocket_api.create_connection()
        response = await getattr(self._connection, _snake(method))(**_snaked(params))
        answer = _plain(response.data())
        if "error" in answer:
            raise Said(str(answer["error"]))
        return answer["result"]

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.close_connection(close_session=True)


class PythonBinanceRest:
    """python-binance over REST."""

    def __init__(self, exchange: PaperProcess, key: str, secret: str) -> None:
        self._client: Any = PythonBinance(key, secret)
        self._client.API_URL = f"{exchange.url}/api"

    async def ask(self, method: str, **params: Any) -> Any:
        spec = BY_METHOD[method]
        try:
            path = spec.path.removeprefix("/api/v3/")
            return await self._client._request_api(spec.http.lower(), path, True, "v3", data=params)
        except BinanceAPIException as error:
            raise Said(str(error)) from None

    async def close(self) -> None:
        await self._client.close_connection()

    async def public(self, path: str, **params: Any) -> Any:
        """A public read."""
        return await self._client._request_api("get", path, False, "v3", data=params)


class PythonBinanceSocket:
    """python-binance over the WebSocket API."""

    def __init__(self, exchange: PaperProcess, key: str, secret: str) -> None:
        client: Any = PythonBinance
        previous = client.WS_API_URL
        client.WS_API_URL = f"{exchange.ws_url}/ws-api/v3"
        self.library: Any = client(key, secret)
        client.WS_API_URL = previous
        self.library.API_URL = f"{exchange.url}/api"
        # Closing waits until its reader looks up, which it otherwise does every ten seconds.
        self.library.ws_api.TIMEOUT = 0.2

    async def ask(self, method: str, **params: Any) -> Any:
        try:
            return await self.library._ws_api_request(method, True, dict(params))
        except BinanceAPIException as error:
            raise Said(str(error)) from None

    async def close(self) -> None:
        await self.library.close_connection()


CLIENTS: dict[str, type[SdkRest | SdkSocket | PythonBinanceRest | PythonBinanceSocket]] = {
    "binance-sdk-spot over REST": SdkRest,
    "binance-sdk-spot over the WebSocket API": SdkSocket,
    "python-binance over REST": PythonBinanceRest,
    "python-binance over the WebSocket API": PythonBinanceSocket,
}


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)([A-Z])", r"_\1", name.replace(".", "_")).lower()


def _snaked(params: dict[str, Any]) -> dict[str, Any]:
    return {_snake(name): value for name, value in params.items()}


def _plain(body: Any) -> Any:
    """A model of the official client as JSON, without what it adds of its own."""
    if isinstance(body, list):
        return [_plain(each) for each in body]  # pyright: ignore[reportUnknownVariableType]
    held: Any = body.to_dict() if hasattr(body, "to_dict") else body
    return {name: held[name] for name in held if name != "additional_properties"}
