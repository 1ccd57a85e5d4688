"""The embedded default: three simulated days of a drifting array, written as NWB and read back like real ones."""

from __future__ import annotations

from pathlib import Path

from neurodrift.benchmark.spec import Adapted, Data, Methods, Spec
from neurodrift.benchmark.store import code_digest
from neurodrift.data.nwb import write_session
from neurodrift.simulation import simulate_days

__all__ = ["MINUTES", "demo_spec"]

MINUTES = 6.0


def demo_spec(out: Path) -> Spec:
    """Writes the three sessions below `out`, unless this version has, and gives the spec that compares them."""
    folder = out / "simulated"
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"day-{day}_{code_digest()[:8]}.nwb" for day in range(3)]
    if not all((folder / name).exists() for name in names):
        for session, name in zip(simulate_days(3, minutes=MINUTES), names, strict=True):
            write_session(session, folder / name)
    return Spec(
        name="simulated array, three days",
        seeds=3,
        data=Data(train=[f"simulated/{names[0]}"], test=[f"simulated/{name}" for name in names[1:]]),
        methods=Methods(adapted=[Adapted(), Adapted(optimizer="sgd")]),
    )
