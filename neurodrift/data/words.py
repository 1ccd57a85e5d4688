"""Numbers and nouns of messages."""

from __future__ import annotations

__all__ = ["many"]


def many(n: int, noun: str) -> str:
    """ "1 trial", "2 trials"."""
    return f"{n} {noun}{'s' * (n != 1)}"
