"""What a result was made with: versions and machine."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version

import neurodrift

__all__ = ["machine", "versions"]


def versions() -> dict[str, str]:
    """Versions of everything that can change a number."""
    packages = ("numpy", "scipy", "scikit-learn", "torch", "pynwb")
    return {
        "python": platform.python_version(),
        "neurodrift": neurodrift.__version__,
        **{p: version(p) for p in packages},
    }


def machine() -> dict[str, str | int | None]:
    """System, processor and cores; no host or user name."""
    return {
        "system": platform.system(),
        "release": platform.release(),
        "processor": platform.machine(),
        "cores": os.cpu_count(),
    }
