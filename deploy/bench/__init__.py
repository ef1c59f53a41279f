"""How fast it is, always beside something else measured in the same run: a bare library, a peer, or a physical limit.

`make bench` prints the tables; `python -m deploy.bench bus tools` only some. Every figure is the median of interleaved rounds,
and only ratios within one table mean anything: the machine under it changes speed by half within minutes.

Every program under test runs in a process of its own (`python -m deploy.bench.programs <role>`), loads 127.0.0.1 only, and is
ended by the pid it was started with.
"""
