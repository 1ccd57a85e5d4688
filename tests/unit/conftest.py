"""The archive of LINK's files, wherever a test asks for it."""

from tests.unit.link_archive import archive

__all__ = ["archive"]
