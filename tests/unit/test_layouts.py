"""Every layout on its twin: detected from the file alone, and read back to what was put in."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest

from neurodrift import NeurodriftWarning
from neurodrift.data import LAYOUTS, inspect_file, read_session
from tests.twins import TWINS, Truth, file_name


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Truth]]:
    folder = tmp_path_factory.mktemp("twins")
    return {
        name: (folder / file_name(name), write(folder / file_name(name))) for name, write in TWINS.items()
    }


def test_every_layout_has_a_twin(written: Written) -> None:
    assert {truth.layout for _, truth in written.values()} == set(LAYOUTS) - {"generic"}


@pytest.mark.parametrize("name", TWINS)
def test_twin_is_read_to_its_truth(name: str, written: Written) -> None:
    path, truth = written[name]
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always", NeurodriftWarning)
        session = read_session(path, **truth.options)
    assert session.provenance[0].endswith(f"(layout {truth.layout})")
    np.testing.assert_allclose(session.times, truth.times, atol=1e-6)
    np.testing.assert_array_equal(session.counts, truth.counts)
    np.testing.assert_allclose(session.behavior, truth.behavior, rtol=1e-5, atol=1e-5)
    assert session.channels == truth.channels
    assert session.bin_width == pytest.approx(truth.width, abs=1e-6)
    np.testing.assert_array_equal(
        session.valid, np.ones(len(session), bool) if truth.valid is None else truth.valid
    )
    assert len(session.trials) == truth.trials
    story = "\n".join(session.provenance)
    for line in truth.says:
        assert line in story
    said = "\n".join(str(item.message) for item in heard)
    for line in truth.warns:
        assert line in said
    assert session.persist == truth.persist


@pytest.mark.parametrize("name", TWINS)
def test_inspect_says_what_would_be_read(name: str, written: Written) -> None:
    path, truth = written[name]
    content = inspect_file(path)
    assert content["layout"] == truth.layout and content["set"]["title"]
    assert content["n_channels"] == len(truth.channels)
    assert bool(content["used"]["behavior"]) == bool(truth.behavior.shape[1])
