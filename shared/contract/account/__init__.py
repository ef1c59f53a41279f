"""An account: its balances, orders, fills and events."""
