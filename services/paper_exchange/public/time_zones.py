"""Time zones as requests name them."""

from services.paper_exchange.errors import refused


def offset_s_of(zone: str) -> int:
    """Seconds from UTC of `-1:00`, `05:45` or `8`; raises Refused."""
    sign = -1 if zone.startswith("-") else 1
    hours, _, minutes = zone.lstrip("+-").partition(":")
    offset_s = sign * (int(hours) * 3600 + int(minutes or 0) * 60)
    if not -12 * 3600 <= offset_s <= 14 * 3600:
        raise refused(-1130, "timeZone")
    return offset_s
