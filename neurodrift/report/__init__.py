"""What a finished benchmark looks like: one HTML file, and a table in the terminal."""

from neurodrift.report.html import write_report
from neurodrift.report.terminal import print_table

__all__ = ["print_table", "write_report"]
