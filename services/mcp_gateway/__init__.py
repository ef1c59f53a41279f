"""The door for AI agents: MCP over Streamable HTTP and stdio.

owns      nothing: any replica answers any call, and what pages need to go on is in their cursors
answers   MCP 2026-07-28 and the handshake versions 2024-11-05 to 2025-11-25: server/discover, initialize, ping, tools/list,
          tools/call; HTTP: POST /mcp, GET /health, /ready, /metrics
talks to  the bus only: <prefix>.rpc.* (market_data, stream_ingestion and the services of later operations), $SRV.STATS

The way of one call: `guard` (Host, Origin, token) → `fast_path` or the SDK's app around `server` → `calls.Calls.call` (parse
the arguments, ask over the bus, bound the reply with `pages`) → back. `tools` derives what there is from the catalogue.

Live data by pull: `streams` has what is particular about these tools, `shortening` bounds what has no pages. A subscription's
holder is the MCP client by the name that it gives, and by its session where the protocol has one, so that any replica knows it:

    handshake versions over HTTP    mcp/<name>/<mark of the session>    (`sessions`; without a session its User-Agent's product)
    2026-07-28 over HTTP            mcp/<name>                          agents of one name hold their subscriptions together
    stdio                           mcp/<name>/<mark of the process>
"""
