"""What the services share: what is said (contract), how Binance is spoken (binance), how a service lives (runtime)."""
