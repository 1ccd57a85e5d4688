"""Reproduces the papers' claims: runs the jobs of studies, resumable, and writes rows and answers."""

from neurodrift.benchmark.reproduce.run import Reproduction, read_rows, reproduce
from neurodrift.benchmark.reproduce.summary import summary_of

__all__ = ["Reproduction", "read_rows", "reproduce", "summary_of"]
