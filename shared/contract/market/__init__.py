"""Public market data: what anyone may ask."""
