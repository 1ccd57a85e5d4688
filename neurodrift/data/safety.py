"""What a file must not make us do: read other files, or more than it holds."""

from __future__ import annotations

from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from neurodrift.errors import NeurodriftError

__all__ = ["refuse_outside", "whole"]

MOST = 1100  # deflate packs at most 1032 to 1; a dataset that claims more than it stores is damaged
SMALL = 1 << 26  # bytes that are read without asking


def refuse_outside(file: h5py.File, where: str) -> None:
    """Raise where a link, a dataset's storage or a virtual dataset leads out of the file.

    HDF5 follows such links silently, to any file that the reader may open.
    """

    def check(name: str, link: Any) -> None:
        if isinstance(link, h5py.ExternalLink):
            raise _outside(where, name, "is a link", link.filename)
        if not isinstance(link, h5py.HardLink):
            return
        kind = file.get(name, getclass=True)
        if kind is not h5py.Dataset:
            return
        item = file[name]
        if item.external:
            raise _outside(where, name, "keeps its data", item.external[0][0])
        if item.is_virtual:
            for source in item.virtual_sources():
                if source.file_name != ".":
                    raise _outside(where, name, "is put together from data", source.file_name)

    file.visititems_links(check)


def _outside(where: str, name: str, what: str, target: str) -> NeurodriftError:
    return NeurodriftError(
        f"{where}: {name} {what} in another file ({target!r}). neurodrift reads one file at a time: "
        f"copy the data into it, for instance with `pynwb`'s export, if you trust both."
    )


def whole(data: Any, what: str) -> npt.NDArray[Any]:
    """All of a dataset (or array), unless it claims far more than the file stores for it."""
    if isinstance(data, h5py.Dataset):
        claimed, stored = data.size * data.dtype.itemsize, data.id.get_storage_size()
        if claimed > SMALL and claimed > MOST * max(stored, 1):
            raise NeurodriftError(
                f"{what} claims {claimed / 1e9:.3g} GB of numbers, but the file stores {stored} bytes for it: "
                f"it is damaged or unfinished. Fetch the file again."
            )
    return np.asarray(data[:])
