"""Where recordings and extracted arrays are kept, and which paths of an archive may be written there."""

from __future__ import annotations

import os
import re
from pathlib import Path

from neurodrift.errors import NeurodriftError

__all__ = ["cache_folder", "data_folder", "inside"]

# What Windows cannot store, or takes for another file or a device; refused everywhere, so that folders can be moved.
BAD = re.compile(r'[\\:<>"|?*\x00-\x1f]|[. ]$|^(con|prn|aux|nul|com\d|lpt\d)(\.|$)', re.IGNORECASE)


def data_folder() -> Path:
    """$NEURODRIFT_DATA, or the system's place for data of programs."""
    return _folder("NEURODRIFT_DATA", "user_data_path")


def cache_folder() -> Path:
    """$NEURODRIFT_CACHE, or the system's place for caches."""
    return _folder("NEURODRIFT_CACHE", "user_cache_path")


def _folder(variable: str, place: str) -> Path:
    given = os.environ.get(variable)
    if given:
        return Path(given).expanduser().absolute()
    import platformdirs

    return Path(getattr(platformdirs, place)("neurodrift", appauthor=False))


def inside(root: Path, path: str) -> Path:
    """The file `path` (an archive's, with slashes) under `root`.

    Raises:
        NeurodriftError: it would lie elsewhere, through "..", an absolute path or a symbolic link, or cannot be stored.
    """
    parts = path.split("/")
    if any(part in ("", ".", "..") or BAD.search(part) for part in parts):
        raise NeurodriftError(
            f"the archive names a file {path!r}, which is no plain path below a folder; it is not fetched. "
            f"Tell the archive's owners."
        )
    target = root.joinpath(*parts)
    if not target.parent.resolve().is_relative_to(root.resolve()) or target.is_symlink():
        raise NeurodriftError(
            f"{target} leaves {root} through a symbolic link; it is not written. Remove the link."
        )
    return target
