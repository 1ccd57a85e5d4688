"""Averaged weights: the mean they claim to be, for every part that learns."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from neurodrift.errors import NeurodriftError
from neurodrift.evaluation.prequential import stream
from neurodrift.learn.optim import SGD
from tests.sessions import days, trained


@pytest.mark.parametrize("learns", ["all", "readout", "bias", "nothing"])
@pytest.mark.parametrize("bins", [3.0, 1000.0])
def test_averaged_weights_are_the_running_mean_of_the_weights_that_were(learns: str, bins: float) -> None:
    decoder = trained("gru").replicate([0, 1], learns=learns, optimizer=SGD(0.05), average=bins)
    session = days()[1].select(slice(0, 40))
    start = [decoder.learner.w.double(), decoder.learner.w_out.double()]
    history, want = [start], [v.clone() for v in start]
    for t in range(len(session)):
        decoder.predict(session.counts[t])
        decoder.update(session.behavior[t] if t % 3 else None)
        if t % 3 and learns != "nothing":
            history.append([decoder.learner.w.double(), decoder.learner.w_out.double()])
            keep = max(1 / bins, 1 / len(history))
            want = [(1 - keep) * a + keep * b for a, b in zip(want, history[-1], strict=True)]
    if bins == 1000.0:
        for i in (0, 1):
            torch.testing.assert_close(want[i], torch.stack([h[i] for h in history]).mean(0))
    got = decoder.averaged().learner
    torch.testing.assert_close(got.w.double(), want[0], atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(got.w_out.double(), want[1], atol=1e-5, rtol=1e-5)
    assert learns == "nothing" or not torch.equal(got.w_out, decoder.learner.w_out)


def test_averaging_changes_no_prediction_while_learning_and_its_decoder_is_frozen() -> None:
    session = days()[1].select(slice(0, 60))
    plain, averaging = (trained("rnn").replicate([0], optimizer=SGD(0.05), average=a) for a in (0.0, 20.0))
    np.testing.assert_array_equal(stream(plain, session), stream(averaging, session))
    assert torch.equal(plain.averaged().learner.w, plain.learner.w), "without averaging: today's weights"
    frozen = averaging.averaged()
    before = frozen.learner.w.clone()
    stream(frozen, session)
    assert torch.equal(frozen.learner.w, before)


@pytest.mark.parametrize("bins", [-1.0, float("nan"), float("inf")])
def test_a_length_that_is_no_length_is_an_error(bins: float) -> None:
    with pytest.raises(NeurodriftError, match="average"):
        trained("rnn").replicate([0], average=bins)
