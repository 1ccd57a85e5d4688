"""One thread a process, float64 where a test asks for it, and the real recordings where they are."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import pytest  # noqa: E402
import torch  # noqa: E402

torch.set_num_threads(1)


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Nothing that an earlier run extracted is found, and the user's cache is left alone."""
    os.environ["NEURODRIFT_CACHE"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(autouse=True)
def denormal_numbers() -> Iterator[None]:
    """A benchmark run in this process flushes them to zero for speed; the next test finds them as they were."""
    yield
    torch.set_flush_denormal(False)


@pytest.fixture
def float64() -> Iterator[None]:
    """Tensors made without a dtype are double, as tolerances of 1e-10 need."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of recordings: $NEURODRIFT_DATA, or ../shared/data beside the project."""
    root = Path(__file__).resolve().parents[1]
    folder = Path(os.environ.get("NEURODRIFT_DATA") or root.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"no recordings in {folder}; set NEURODRIFT_DATA to the folder that holds monkey-e")
    return folder


@pytest.fixture(scope="session")
def monkey_e(data_folder: Path) -> tuple[Path, Path]:
    """Two days of monkey E, 288 days apart."""
    days = ("sub-E_ses-20181004", "sub-E_ses-20190719")
    paths = [data_folder / "monkey-e" / "sub-E" / f"{day}_behavior+ecephys.nwb" for day in days]
    for path in paths:
        if not path.is_file():
            pytest.skip(f"{path} is not there; set NEURODRIFT_DATA to the folder that holds monkey-e")
    return paths[0], paths[1]
