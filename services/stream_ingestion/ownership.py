"""Which replica carries which part of the streams. Pure.

Streams fall into shards by their symbol, so that everything of a symbol is in one place. Each shard belongs to the living
replica with the highest hash of (shard, replica): when one comes or goes only its own shards move, and nobody decides that.
A shard moves in three steps, so that nothing is lost between two replicas that live:

    the next owner wants it ──▶ receives its streams, publishes nothing, says that it is ready
    the owner sees that     ──▶ publishes its last events, then writes the next owner's name
    the next owner sees that──▶ publishes what came after those events, then goes on

From a replica that is dead a shard is taken at once.
"""

import hashlib
from collections.abc import Collection, Mapping
from typing import Any

from msgspec import Struct


class Member(Struct, frozen=True):
    """A living replica, as it tells of itself."""

    ready: tuple[int, ...] = ()
    """Shards of others that it could go on with at once."""
    leaving: bool = False


class Plan(Struct, frozen=True):
    """What a replica should do now."""

    claim: tuple[int, ...]
    """Write my name: nobody who lives has it."""
    adopt: tuple[int, ...]
    """It has my name: publish it."""
    lose: tuple[int, ...]
    """It has no longer my name: publish nothing of it."""
    give: Mapping[int, str]
    """Hand over to this replica, which is ready."""
    warm: tuple[int, ...]
    """Receive it without publishing."""
    cool: tuple[int, ...]
    """Receive it no more."""


def shard_of(symbol: str, shards: int) -> int:
    """The shard of a symbol; streams of the whole market have the symbol "". Like symbols fall far apart."""
    return int.from_bytes(hashlib.blake2b(symbol.encode(), digest_size=8).digest()) % shards


def owner_of(shard: int, members: Collection[str]) -> str:
    """Who should have a shard: the highest random weight among the members."""
    return max(members, key=lambda member: (hashlib.blake2b(f"{shard}/{member}".encode(), digest_size=8).digest(), member))


def plan(
    me: str,
    members: Mapping[str, Member],
    owners: Mapping[int, str],
    mine: Collection[int],
    warmed: Collection[int],
    shards: int,
) -> Plan:
    """What to do.

    Args:
        me: This replica.
        members: Those that live, this one included.
        owners: Whose name stands at each shard.
        mine: Shards that this replica publishes.
        warmed: Shards that it receives without publishing.
        shards: How many there are.
    """
    staying = [name for name, member in members.items() if not member.leaving] or [name for name in members if name == me]
    steps: dict[str, Any] = {step: [] for step in ("claim", "adopt", "lose", "warm", "cool")}
    give: dict[int, str] = {}
    for shard in range(shards):
        owner = owners.get(shard)
        wanted = owner_of(shard, staying) if staying else ""
        if owner == me:
            if shard not in mine:
                steps["adopt"].append(shard)
            elif wanted != me and shard in members[wanted].ready:
                give[shard] = wanted
            continue
        if shard in mine:
            steps["lose"].append(shard)
        if wanted != me:
            if shard in warmed:
                steps["cool"].append(shard)
        elif owner not in members:
            steps["claim"].append(shard)
        elif shard not in warmed:
            steps["warm"].append(shard)
    return Plan(give=give, **{step: tuple(found) for step, found in steps.items()})
