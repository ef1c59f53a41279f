"""The book itself: ghosts, levels, the same cost at any size."""

from services.paper_exchange.engine.book import Book
from services.paper_exchange.engine.orders import Order
from services.paper_exchange.engine.words import Side


def an_order(order_id: int, price: int, side: Side = "BUY") -> Order:
    return Order(order_id, "a", "S", side, "LIMIT", "GTC", price, 1, 1, 1, price, "", "NONE", 0, 0, price)


def test_levels_come_best_first_on_both_sides() -> None:
    book = Book()
    orders: list[tuple[Side, int]] = [("BUY", 5), ("BUY", 9), ("BUY", 7), ("SELL", 12), ("SELL", 10), ("SELL", 15)]
    for order_id, (side, price) in enumerate(orders):
        book.side(side).add(an_order(order_id, price, side))

    assert book.levels("BUY") == [(9, 1), (7, 1), (5, 1)]
    assert book.levels("SELL", 2) == [(10, 1), (12, 1)]
    assert book.best("SELL") == (10, 1)
    third = book.bids.nth(2)
    assert third is not None
    assert third.price == 5
    assert book.bids.nth(3) is None


def test_a_queue_forgets_the_orders_that_left_it() -> None:
    bids = Book().bids
    orders = [an_order(order_id, 10) for order_id in range(1000)]
    for order in orders:
        bids.add(order)
    for order in orders[:-1]:
        bids.remove(order)

    (level,) = bids
    assert len(level.queue) < 100
    assert level.first() is orders[-1]
    assert (level.count, level.total) == (1, 1)
