"""The vocabulary of these tests: operations, keys and times they speak of."""

import time

from shared.binance.signing import load_key
from shared.contract.trading.operations import CancelOrder, PlaceOrder
from tests.binance import vectors

HMAC = load_key(vectors.HMAC_API_KEY, secret=vectors.HMAC_SECRET)
ED25519 = load_key(vectors.ED25519_API_KEY, pem=vectors.ED25519_PEM)
SECRETS = (vectors.HMAC_SECRET, vectors.HMAC_API_KEY, vectors.ED25519_API_KEY, "signature")

ORDER = PlaceOrder(
    symbol="BTCUSDT", side="BUY", type="LIMIT", time_in_force="GTC", quantity="0.01", price="50000", new_client_order_id="mine"
)
CANCEL = CancelOrder(symbol="BTCUSDT", orig_client_order_id="mine")


def within(seconds: float) -> float:
    """A deadline so far from now, in Unix ms."""
    return time.time() * 1000 + seconds * 1000
