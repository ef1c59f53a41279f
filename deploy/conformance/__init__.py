"""The official MCP conformance suite against the gateway, in both eras of the protocol: `make conformance`.

The suite is a program for Node, fetched with npm at a pinned version and kept in `.run`. Beside what every server must do, it
calls example tools, prompts and resources that a server made for it would have; `not_ours` says what that is, and why. The
rest is judged strictly: the run fails on what fails there, on a recommendation not followed, and on an excuse not needed.
"""
