"""What a file must not make us do: read other files, or more than it holds."""

from __future__ import annotations

from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from neurodrift.errors import NeurodriftError

__all__ = ["check_claim", "refuse_outside", "whole"]

MOST = 1100  # deflate packs at most 1032 to 1; a dataset that claims more than it stores is damaged
SMALL = 1 << 26  # bytes that are read without asking


def refuse_outside(file: h5py.File, where: str) -> None:
    """Raise where a link, a dataset's storage or a virtual dataset leads out of the file.

    HDF5 follows such links silently, to any file that the reader may open.
    """

    def look(name: str, link: Any) -> NeurodriftError | None:
        if isinstance(link, h5py.ExternalLink):
            return _outside(where, name, "is a link", link.filename)
        if not isinstance(link, h5py.HardLink) or file.get(name, getclass=True) is not h5py.Dataset:
            return None
        item = file[name]
        if item.external:
            return _outside(where, name, "keeps its data", item.external[0][0])
        sources = item.virtual_sources() if item.is_virtual else ()
        outside = [source.file_name for source in sources if source.file_name != "."]
        return _outside(where, name, "is put together from data", outside[0]) if outside else None

    # An error raised within the visit would come out of HDF5 as another one.
    found = file.visititems_links(look)
    if found is not None:
        raise found


def _outside(where: str, name: str, what: str, target: str) -> NeurodriftError:
    return NeurodriftError(
        f"{where}: {name} {what} in another file ({target!r}). neurodrift reads one file at a time: "
        f"copy the data into it, for instance with `pynwb`'s export, if you trust both."
    )


def whole(data: Any, what: str) -> npt.NDArray[Any]:
    """All of a dataset (or array), unless it claims far more than the file stores for it."""
    check_claim(data, what)
    return np.asarray(data[:])


def check_claim(data: Any, what: str) -> None:
    """Raises where a dataset claims far more numbers than the file stores for it."""
    if isinstance(data, h5py.Dataset):
        claimed, stored = data.size * data.dtype.itemsize, data.id.get_storage_size()
        if claimed > SMALL and claimed > MOST * max(stored, 1):
            raise NeurodriftError(
                f"{what} claims {claimed / 1e9:.3g} GB of numbers, but the file stores {stored} bytes for it: "
                f"it is damaged or unfinished. Fetch the file again."
            )
