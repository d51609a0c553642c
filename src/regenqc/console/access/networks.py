"""From where somebody comes, as it is counted: what one household or host can choose freely makes no difference."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address

__all__ = ["network_of"]


def network_of(address: str) -> str:
    """Return what an address is counted by: itself, and of an IPv6 address its /64, which one host has the whole of.

    Example:
        >>> network_of("10.0.0.1"), network_of("::ffff:10.0.0.1"), network_of("2001:db8:0:1::1")
        ('10.0.0.1', '10.0.0.1', '20010db800000001')
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    return str(parsed.ipv4_mapped) if parsed.ipv4_mapped is not None else parsed.packed[:8].hex()
