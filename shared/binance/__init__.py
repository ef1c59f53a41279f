"""How Binance is spoken: keys, encoding, limits and replies as pure rules; REST and WebSocket API as thin I/O."""
