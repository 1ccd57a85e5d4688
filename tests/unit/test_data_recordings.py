"""The reader on the real recordings beside the project."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from neurodrift import NeurodriftError, NeurodriftWarning
from neurodrift.data import inspect_file, match_channels, read_session, split_session, write_session

DATA = Path(os.environ.get("NEURODRIFT_DATA", Path(__file__).parents[3] / "shared" / "data"))
EARLY = DATA / "monkey-e/sub-E/sub-E_ses-20181004_behavior+ecephys.nwb"
LATE = DATA / "monkey-e/sub-E/sub-E_ses-20190719_behavior+ecephys.nwb"
OTHER = DATA / "stabilized-bci/sub-S/sub-S_ses-20160325_behavior+ecephys.nwb"
pytestmark = pytest.mark.skipif(not LATE.exists(), reason=f"no recordings in {DATA}; set NEURODRIFT_DATA")


@pytest.mark.filterwarnings("ignore::neurodrift.NeurodriftWarning")
def test_monkey_e_as_methods_counts_it() -> None:
    options = {"behavior": "intended_direction", "trials": "intuitive_mapping == True"}
    late = read_session(LATE, neural="BinnedSpikeCounts", bin_width=0.045, **options)
    assert len(late) == 5655 and len(np.unique(late.trial)) == 172 and late.bin_width == 0.045
    heldout = split_session(late).heldout & late.labelled
    assert heldout.sum() == 749 and len(np.unique(late.trial[heldout])) == 65
    assert late.subject == "E" and late.start is not None
    early = read_session(EARLY, **options)
    assert len(early) == 13267
    match = match_channels([early], late)
    assert len(match.shared) == 96 and not match.missing and not match.new


def test_the_silent_electrodes_are_named_and_two_behaviours_are_a_tie() -> None:
    with pytest.warns(NeurodriftWarning, match="channels never change"):
        read_session(LATE, behavior="intended_direction")
    with pytest.raises(NeurodriftError, match="cursor_position"):
        read_session(LATE)


def test_inspect_says_what_is_there() -> None:
    got = inspect_file(OTHER)
    assert (got["n_channels"], got["n_bins"], got["bin_width"], got["n_trials"]) == (96, 38015, 0.045, 1252)
    assert got["neural"] == [
        {
            "name": "BinnedSpikeCounts",
            "kind": "counts",
            "path": "processing/ecephys/BinnedSpikeCounts",
            "size": 96,
        }
    ]
    assert any("no fair label" in line for line in got["notes"])


@pytest.mark.filterwarnings("ignore::neurodrift.NeurodriftWarning")
def test_a_real_session_survives_the_round_trip(tmp_path: Path) -> None:
    s = read_session(LATE, behavior="intended_direction", trials="block == 0")
    write_session(s, tmp_path / "a.nwb")
    r = read_session(tmp_path / "a.nwb")
    for name in ("counts", "behavior", "times", "trial", "valid"):
        np.testing.assert_array_equal(getattr(r, name), getattr(s, name), err_msg=name)
    assert r.channels == s.channels and list(r.trials) == list(s.trials)
