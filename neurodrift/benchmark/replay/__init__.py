"""Replays: closed-loop campaigns through the benchmark's rows, and recorded sessions bin by bin."""

from neurodrift.benchmark.replay.demo import demo_replay
from neurodrift.benchmark.replay.names import METHODS
from neurodrift.benchmark.replay.run import Replay, run_replay
from neurodrift.benchmark.replay.spec import ReplaySpec, parse_replay, read_replay

__all__ = ["METHODS", "Replay", "ReplaySpec", "demo_replay", "parse_replay", "read_replay", "run_replay"]
