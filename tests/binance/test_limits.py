"""All processes spend from one budget, cancels find room, and a ban silences everyone."""

from hypothesis import given
from hypothesis import strategies as st

from shared.binance.limits import BOUNDARY_MS, IN_FLIGHT_MS, LONGEST_BAN_MS, Lane, RateBudget
from shared.binance.usage import Usage

MINUTE = 60_000
NOON = 1_764_000_000_000 - 1_764_000_000_000 % MINUTE


class Time:
    """The exchange's time, moved by the test."""

    def __init__(self) -> None:
        self.ms = NOON

    def __call__(self) -> int:
        return self.ms


def weight(used: int, limit: int | None = None) -> Usage:
    return Usage("REQUEST_WEIGHT", MINUTE, used, limit)


def budget(time: Time, limit: int = 1000) -> RateBudget:
    made = RateBudget(time)
    made.learn([weight(0, limit)])
    return made


def spend(budget: RateBudget, cost: int, *reported: Usage) -> None:
    budget.settle(budget.take(cost), reported)


def used(budget: RateBudget) -> int:
    return budget.windows[0].used


def test_the_count_that_the_exchange_reports_is_believed():
    shared = budget(Time())

    spend(shared, 5, weight(640))

    assert used(shared) == 640


def test_a_successful_order_that_cost_nothing_is_charged_nothing():
    shared = budget(Time())
    spend(shared, 5, weight(100))

    spend(shared, 1, weight(100))

    assert used(shared) == 100


def test_a_reply_without_a_count_is_charged_in_full():
    shared = budget(Time())

    spend(shared, 20)
    shared.give_back(shared.take(30))

    assert used(shared) == 20


def test_each_lane_leaves_headroom_for_those_before_it():
    shared = budget(Time(), limit=1000)
    spend(shared, 1, weight(800))

    assert shared.delay_ms(1, lane=Lane.DATA) > 0
    assert shared.delay_ms(1, lane=Lane.ACCOUNT) == 0

    spend(shared, 1, weight(950))

    assert shared.delay_ms(1, lane=Lane.ACCOUNT) > 0
    assert shared.delay_ms(1, lane=Lane.ORDER) > 0
    assert shared.delay_ms(50, lane=Lane.CANCEL) == 0
    assert shared.delay_ms(51, lane=Lane.CANCEL) > 0


def test_a_full_window_is_waited_out_and_then_empty():
    time = Time()
    shared = budget(time)
    spend(shared, 1, weight(1000))

    time.ms += 10_000
    assert shared.delay_ms(1) == 50_000 + BOUNDARY_MS

    time.ms += 50_000
    assert shared.delay_ms(1) == 0


def test_a_price_above_the_lanes_share_still_finds_an_empty_window():
    assert budget(Time(), limit=16).delay_ms(20) == 0


def test_requests_in_flight_are_counted_and_looked_at_again_soon():
    shared = budget(Time(), limit=100)
    tickets = [shared.take(20) for _ in range(4)]

    assert shared.delay_ms(20) == IN_FLIGHT_MS

    shared.settle(tickets[0], [weight(0)])
    assert shared.delay_ms(20) == 0


def test_a_late_reply_says_nothing_of_the_new_window():
    time = Time()
    shared = budget(time)
    late = shared.take(5)

    time.ms += MINUTE
    shared.settle(late, [weight(990)])

    assert used(shared) == 0


def test_replies_that_overtake_each_other_do_not_lower_the_count():
    shared = budget(Time())
    first, second = shared.take(5), shared.take(5)

    shared.settle(second, [weight(20)])
    shared.settle(first, [weight(15)])

    assert used(shared) == 20


def test_a_lower_count_seen_by_a_later_request_proves_that_the_exchange_began_anew():
    shared = budget(Time())
    spend(shared, 5, weight(990))

    spend(shared, 5, weight(7))

    assert used(shared) == 7


def test_after_a_ban_nothing_leaves_in_any_lane():
    time = Time()
    shared = budget(time)

    shared.silence(30_000)

    assert {shared.delay_ms(1, lane=lane) for lane in Lane} == {30_000}
    time.ms += 30_000
    assert shared.delay_ms(1) == 0


def test_a_shorter_silence_does_not_end_a_longer_one():
    shared = budget(Time())
    shared.silence(30_000)
    shared.silence(1_000)

    assert shared.silent_ms() == 30_000


def test_a_second_process_stops_when_the_first_is_banned():
    time, first_news = Time(), list[bytes]()
    first = RateBudget(time, scope="live", on_news=first_news.append)
    second = RateBudget(time, scope="live")

    first.silence(120_000)
    for news in first_news:
        assert second.hear(news)

    assert second.delay_ms(1, lane=Lane.CANCEL) == 120_000


def test_two_processes_see_each_others_weight_and_do_not_echo():
    time, news = Time(), list[bytes]()
    first = RateBudget(time, on_news=news.append)
    second = RateBudget(time, on_news=news.append)
    spend(first, 5, weight(500, 6000))

    (told,) = news
    second.hear(told)
    second.hear(told)

    assert used(second) == 500
    assert len(news) == 1


def test_news_of_used_weight_is_throttled_but_growth_is_told_at_once():
    time, news = Time(), list[bytes]()
    shared = RateBudget(time, on_news=news.append)
    for count in range(1, 101):
        spend(shared, 1, weight(count))
    assert len(news) == 1

    spend(shared, 1, weight(600))
    assert len(news) == 2

    time.ms += 1_000
    spend(shared, 1, weight(601))
    assert len(news) == 3


def test_news_of_another_window_scope_or_shape_is_not_believed():
    time, news = Time(), list[bytes]()
    early = RateBudget(time, scope="live", on_news=news.append)
    spend(early, 5, weight(900))
    time.ms += MINUTE
    late = RateBudget(time, scope="live")

    assert late.hear(news[0])
    assert used(late) == 0
    assert not RateBudget(time, scope="testnet").hear(news[0])
    assert not late.hear(b"not news")


def test_a_silence_longer_than_the_exchange_ever_imposes_is_not_believed():
    time, news = Time(), list[bytes]()
    wrong = RateBudget(lambda: time.ms * 1000, on_news=news.append)
    wrong.silence(LONGEST_BAN_MS)
    shared = RateBudget(time)

    shared.hear(news[0])

    assert shared.silent_ms() == 0


def test_old_news_told_again_change_nothing():
    time, news = Time(), list[bytes]()
    gone = RateBudget(time, on_news=news.append)
    spend(gone, 5, weight(900, 1200))
    gone.silence(30_000)
    shared = RateBudget(time)
    time.ms += 2 * MINUTE
    shared.learn([weight(3, 6000)])

    for old in news:
        shared.hear(old)

    assert shared.silent_ms() == 0
    assert (shared.windows[0].used, shared.windows[0].limit) == (3, 6000)


def test_too_many_orders_stop_the_accounts_orders_only():
    time = Time()
    shared = budget(time)
    shared.learn([Usage("ORDERS", 10_000, 50, 50)], account="main")

    assert shared.delay_ms(1, orders=1, account="main", lane=Lane.ORDER) == 10_000 + BOUNDARY_MS
    assert shared.delay_ms(1, account="main", lane=Lane.CANCEL) == 0
    assert shared.delay_ms(1, orders=1, account="hedge", lane=Lane.ORDER) == 0
    assert shared.delay_ms(1) == 0


def test_a_filled_order_frees_its_place_in_the_count():
    shared = budget(Time())
    shared.learn([Usage("ORDERS", 10_000, 0, 2)])
    ticket = shared.take(1, orders=2, account="main")
    assert shared.delay_ms(1, orders=1, account="main", lane=Lane.ORDER) > 0

    shared.settle(ticket, [Usage("ORDERS", 10_000, 0)])

    assert shared.delay_ms(1, orders=1, account="main", lane=Lane.ORDER) == 0


def test_limits_are_learned_from_what_the_exchange_announces():
    shared = RateBudget(Time())

    shared.learn([weight(0, 1200), Usage("ORDERS", 10_000, None, 100), Usage("RAW_REQUESTS", 300_000, None, 3)])
    spend(shared, 1, weight(1))
    spend(shared, 1, weight(2))
    spend(shared, 1, weight(3))

    limits = {(window.type, window.interval_ms): (window.used, window.limit) for window in shared.windows}
    assert limits["REQUEST_WEIGHT", MINUTE] == (3, 1200)
    assert limits["RAW_REQUESTS", 300_000] == (3, 3)
    assert shared.delay_ms(1) > 0


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 250), st.integers(0, 20_000)), max_size=200))
def test_however_processes_mix_the_exchange_never_sees_more_than_its_limit(steps: list[tuple[int, int, int]]):
    """Four processes that hear each other's (throttled) news at once, an exchange that counts, replies that come at once."""
    time, limit, counted = Time(), 1000, dict[int, int]()
    processes: list[RateBudget] = []

    def tell(news: bytes) -> None:
        for process in processes:
            process.hear(news)

    processes.extend(RateBudget(time, on_news=tell) for _ in range(4))
    for process in processes:
        process.learn([weight(0, limit)])
    for who, cost, passes in steps:
        time.ms += passes
        if processes[who].delay_ms(cost, lane=Lane.DATA) == 0:
            ticket = processes[who].take(cost)
            minute = time.ms // MINUTE
            counted[minute] = counted.get(minute, 0) + cost
            processes[who].settle(ticket, [weight(counted[minute])])
        assert counted.get(time.ms // MINUTE, 0) <= limit
