"""Money that comes in, goes out, or is held by another system."""

from services.paper_exchange.engine.accounts import Account
from services.paper_exchange.engine.events import BalancesChanged, BalanceUpdated, ExternalLockUpdated
from services.paper_exchange.engine.outcomes import DONE, Done, Refused
from services.paper_exchange.engine.refusals import ACTION_DISABLED, INSUFFICIENT_BALANCE, UNKNOWN_ACCOUNT
from services.paper_exchange.engine.state import State


def move(state: State, name: str, asset: str, amount: int) -> Done | Refused:
    """Deposit, or (negative) withdraw as far as it is free."""
    account = state.accounts.get(name)
    if account is None:
        return UNKNOWN_ACCOUNT
    if not (account.settings.can_deposit if amount >= 0 else account.settings.can_withdraw):
        return ACTION_DISABLED
    balance = account.balance(asset)
    if balance.free + amount < 0 and not account.unlimited:
        return INSUFFICIENT_BALANCE
    balance.free += amount
    state.deposits[asset] = state.deposits.get(asset, 0) + amount
    if not account.unlimited:
        state.events.append(BalanceUpdated(account.name, asset, amount, state.now_us))
        _report(state, account, asset)
    return DONE


def lock_externally(state: State, name: str, asset: str, amount: int) -> Done | Refused:
    """Lock free funds for another system, or (negative) release what it locked."""
    account = state.accounts.get(name)
    if account is None:
        return UNKNOWN_ACCOUNT
    balance = account.balance(asset)
    held = account.external.get(asset, 0)
    if balance.free < amount or held + amount < 0:
        return INSUFFICIENT_BALANCE
    balance.free -= amount
    balance.locked += amount
    account.external[asset] = held + amount
    state.events.append(ExternalLockUpdated(account.name, asset, amount, state.now_us))
    _report(state, account, asset)
    return DONE


def _report(state: State, account: Account, asset: str) -> None:
    balance = account.balance(asset)
    account.updated_us = state.now_us
    state.events.append(BalancesChanged(account.name, state.now_us, ((asset, balance.free, balance.locked),)))
