"""How a service lives: settings, bus, requests answered, health told, logs, metrics and an orderly end.

A service file is small because its life is here: see `service.run`. Nothing in this package knows Binance.
"""
