"""The benchmark: a spec in, rows, summary and details out; resumable, parallel."""

from neurodrift.benchmark.demo import demo_spec
from neurodrift.benchmark.run import Benchmark, run_benchmark
from neurodrift.benchmark.spec import (
    Adapted,
    Data,
    DecoderSpec,
    Methods,
    Spec,
    Split,
    parse_spec,
    read_spec,
    spec_to_toml,
)

__all__ = [
    "Adapted",
    "Benchmark",
    "Data",
    "DecoderSpec",
    "Methods",
    "Spec",
    "Split",
    "demo_spec",
    "parse_spec",
    "read_spec",
    "run_benchmark",
    "spec_to_toml",
]
