"""The platform on one machine without Docker: what `make run` starts.

A supervisor of our own rather than honcho (which the design names): the platform needs readiness over HTTP, restarts with
back-off and a promise that no process outlives it, and honcho has none of the three.

Every process runs in a session of its own, so that Ctrl-C reaches the supervisor alone, which ends the others in order.
"""
