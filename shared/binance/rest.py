"""The exchange's REST API over httpx.

A transport of httpx is called directly, without the client's layers of redirects, cookies and authentication: they cost as
much as the request itself, the exchange uses none of them, and the client would log every URL, signatures included. Path
and query travel as the `target` extension, so they appear in no repr either.
"""

from urllib.request import getproxies, proxy_bypass

import httpx

from shared.binance import encoding, replies
from shared.binance.http1 import Http1Transport
from shared.binance.transport import Lost, NotSent, Reply, Request
from shared.binance.usage import from_headers
from shared.contract.environments import LOOPBACK
from shared.contract.operation import Security

NO_BODY = httpx.ByteStream(b"")
"""All parameters travel in the query. Given as a stream it spares the request its guessing of headers, half of its cost."""
CONNECT_TIMEOUT_S = 5.0
"""A connection that takes longer than this will not come."""


class RestTransport:
    """Sends operations to `rest_url`; `http` may be any httpx transport (httpx's own where a proxy is needed)."""

    def __init__(self, rest_url: str, *, http: httpx.AsyncBaseTransport | None = None) -> None:
        self._url = httpx.URL(rest_url)
        self._prefix = self._url.raw_path.rstrip(b"/").decode()
        self._http = http if http is not None else _http_for(self._url)
        headers = {"Host": self._url.netloc.decode(), "Accept": "application/json", "Accept-Encoding": "gzip"}
        self._headers = httpx.Headers(headers)
        self._headers_of_changes = httpx.Headers({**headers, "Content-Length": "0"})

    async def send(self, request: Request) -> Reply:
        """See `shared.binance.transport.Transport`."""
        spec = request.operation.spec
        if not spec.path:
            raise replies.not_offered(spec, "REST API")
        http_request = httpx.Request(
            spec.http,
            self._url,
            headers=self._headers if spec.http == "GET" else self._headers_of_changes,
            stream=NO_BODY,
            extensions={"target": self._target(request), "timeout": _times(request.timeout_s)},
        )
        if request.key is not None and (spec.signed or spec.security is not Security.NONE):
            http_request.headers["X-MBX-APIKEY"] = request.key.api_key
        try:
            response = await self._http.handle_async_request(http_request)
            body = await _body(response)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError):
            raise NotSent("no connection to the exchange.") from None
        except httpx.PoolTimeout:
            raise NotSent("all connections to the exchange are busy.") from None
        except httpx.TimeoutException:
            raise Lost("the exchange did not answer in time.", broken=False) from None
        except (httpx.TransportError, httpx.DecodingError):
            raise Lost("the connection broke before the answer.", broken=True) from None
        usage, retry_after_ms = from_headers(response.headers.raw)
        return Reply(response.status_code, body, usage, retry_after_ms)

    async def close(self) -> None:
        """Close every connection."""
        await self._http.aclose()

    def _target(self, request: Request) -> bytes:
        operation = request.operation
        given = operation.given()
        if operation.spec.signed and request.key is not None:
            query = encoding.signed_query(given, request.key, request.timestamp_ms)
        else:
            query = encoding.query(given)
        path = self._prefix + operation.spec.path
        return f"{path}?{query}".encode() if query else path.encode()


def _http_for(url: httpx.URL) -> httpx.AsyncBaseTransport:
    """Our own, or httpx's where the machine's settings name a proxy for the address."""
    proxy = None if url.host in LOOPBACK or proxy_bypass(url.host) else getproxies().get(url.scheme)
    return Http1Transport() if proxy is None else httpx.AsyncHTTPTransport(proxy=proxy)


async def _body(response: httpx.Response) -> bytes:
    if "content-encoding" in response.headers:
        return await response.aread()
    assert isinstance(response.stream, httpx.AsyncByteStream)
    try:  # what is not compressed needs none of the response's layers, which cost as much as the rest of the request
        return b"".join([chunk async for chunk in response.stream])
    finally:
        await response.aclose()


def _times(timeout_s: float) -> dict[str, float]:
    return {"pool": timeout_s, "connect": min(timeout_s, CONNECT_TIMEOUT_S), "read": timeout_s, "write": timeout_s}
