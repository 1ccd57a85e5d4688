"""Recordings: read, written, binned, filtered, normalised, split, and matched by channel."""

from __future__ import annotations

from neurodrift.data.binning import bin_spikes, resample_behavior, smooth, velocity
from neurodrift.data.channels import ChannelMatch, match_channels
from neurodrift.data.filters import parse_filter
from neurodrift.data.layouts import LAYOUTS
from neurodrift.data.normalize import RunningZScore, ZScore
from neurodrift.data.nwb import file_digest, inspect_file, read_session, write_session
from neurodrift.data.session import Session
from neurodrift.data.session_series import SessionSeries
from neurodrift.data.splits import Split, blocks, split_session

__all__ = [
    "LAYOUTS",
    "ChannelMatch",
    "RunningZScore",
    "Session",
    "SessionSeries",
    "Split",
    "ZScore",
    "bin_spikes",
    "blocks",
    "file_digest",
    "inspect_file",
    "match_channels",
    "parse_filter",
    "read_session",
    "resample_behavior",
    "smooth",
    "split_session",
    "velocity",
    "write_session",
]
