"""A learner saved in the middle of a stream goes on bit for bit: every rule, cell, optimizer and engine."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from neurodrift.decoders import RecurrentDecoder
from neurodrift.errors import NeurodriftError
from neurodrift.learn import CELLS, OPTIMIZERS, RULES
from neurodrift.learn.guard import UpdateGuard
from neurodrift.learn.optim import SGD, RMSprop
from tests.sessions import days, trained

T = 36


def build(cell: str, rule: str, **more: object) -> RecurrentDecoder:
    settings = {"optimizer": RMSprop(1e-2), "average": 7.0, **more}
    return trained(cell).replicate([0, 1], rule=RULES[rule](), **settings)  # type: ignore[arg-type]


def run(decoder: RecurrentDecoder, bins: range, lag: int = 0) -> np.ndarray:
    session, out = days()[1], []
    for t in bins:
        out.append(decoder.predict(session.counts[t]))
        if t >= lag and t % 5:
            decoder.update(session.behavior[t - lag], lag)
    return np.stack(out)


def goes_on(decoder: RecurrentDecoder, twin: RecurrentDecoder, path: Path, lag: int = 0) -> None:
    run(decoder, range(T), lag)
    decoder.save(path, online=True)
    twin.load(path)
    kept = decoder.learner.w.clone()
    assert torch.equal(twin.averaged().learner.w, decoder.averaged().learner.w)
    np.testing.assert_array_equal(run(twin, range(T, 2 * T), lag), run(decoder, range(T, 2 * T), lag))
    assert torch.equal(twin.learner.w, decoder.learner.w) and torch.equal(
        twin.learner.w_out, decoder.learner.w_out
    )
    assert not torch.equal(decoder.learner.w, kept), "it learns on"


@pytest.mark.parametrize("rule", list(RULES))
@pytest.mark.parametrize("engine", ["reference", "auto"])
@pytest.mark.parametrize("lag", [0, 3])
def test_every_rule_goes_on(rule: str, engine: str, lag: int, tmp_path: Path) -> None:
    for cell in ("rtu",) if engine == "reference" else ("rnn", "lstm"):
        decoder, twin = (build(cell, rule, engine=engine, max_lag=lag) for _ in range(2))
        goes_on(decoder, twin, tmp_path / f"{cell}.pt", lag)


@pytest.mark.parametrize("cell", list(CELLS))
def test_every_cell_goes_on(cell: str, tmp_path: Path) -> None:
    goes_on(build(cell, "immediate"), build(cell, "immediate"), tmp_path / "a.pt")


@pytest.mark.parametrize("optimizer", list(OPTIMIZERS))
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"learns": "readout"},
        {"every": 4},
        {"pull": 0.01},
        {"feedback": "random"},
        {"predict_with": "average"},
        {"guard": UpdateGuard(window=8, memory=20)},
        {"guard": UpdateGuard(window=8), "predict_with": "average", "max_lag": 2},
    ],
    ids=str,
)
def test_every_setting_goes_on(optimizer: str, more: dict[str, object], tmp_path: Path) -> None:
    make = OPTIMIZERS[optimizer]
    decoder, twin = (build("gru", "immediate", **{"optimizer": make(1e-2), **more}) for _ in range(2))
    lag = int(more.get("max_lag", 0))  # type: ignore[call-overload]
    if more.get("learns") == "readout":
        run(decoder, range(T))
        decoder.save(tmp_path / "a.pt", online=True)
        twin.load(tmp_path / "a.pt")
        np.testing.assert_array_equal(run(twin, range(T, 2 * T)), run(decoder, range(T, 2 * T)))
        return
    goes_on(decoder, twin, tmp_path / "a.pt", lag)


def test_a_state_between_prediction_and_label_goes_on(tmp_path: Path) -> None:
    session = days()[1]
    for rule in RULES:
        decoder, twin = (build("lstm", rule) for _ in range(2))
        run(decoder, range(T))
        decoder.predict(session.counts[T])
        decoder.save(tmp_path / "a.pt", online=True)
        twin.load(tmp_path / "a.pt")
        for one in (decoder, twin):
            one.update(session.behavior[T])
        np.testing.assert_array_equal(run(twin, range(T + 1, 2 * T)), run(decoder, range(T + 1, 2 * T)))


@pytest.mark.parametrize(
    "other",
    [
        {"rule": RULES["rtrl"]()},
        {"optimizer": SGD(0.1)},
        {"engine": "reference"},
        {"max_lag": 1},
        {"average": 0.0},
        {"guard": UpdateGuard()},
        {"every": 2},
    ],
    ids=lambda o: next(iter(o)),
)
def test_the_state_of_another_setup_is_refused_by_name(other: dict[str, object], tmp_path: Path) -> None:
    decoder = build("gru", "immediate")
    run(decoder, range(5))
    decoder.save(tmp_path / "a.pt", online=True)
    with pytest.raises(NeurodriftError, match=r"a\.pt: online state"):
        decoder.replicate([0, 1], **other).load(tmp_path / "a.pt")  # type: ignore[arg-type]
    decoder.save(tmp_path / "b.pt")
    decoder.replicate([0, 1], **other).load(tmp_path / "b.pt")  # type: ignore[arg-type]


def test_the_file_holds_plain_tensors_only(tmp_path: Path) -> None:
    decoder = build("gru", "rtrl", guard=UpdateGuard())
    run(decoder, range(5))
    decoder.save(tmp_path / "a.pt", online=True)
    assert torch.load(tmp_path / "a.pt", weights_only=True)["online"]
