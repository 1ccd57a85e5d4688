"""Every cell, rule and optimizer can be named in a spec, with its arguments, and read back."""

from __future__ import annotations

import inspect
import tomllib
from pathlib import Path
from typing import Any

import pytest

from neurodrift.benchmark.spec import Adapted, Spec, parse_spec, spec_to_toml
from neurodrift.benchmark.store import Store
from neurodrift.benchmark.units import Method, Unit, learning, trained
from neurodrift.benchmark.words import protocol
from neurodrift.cli.ready import named_spec
from neurodrift.decoders import Recipe, RecurrentDecoder
from neurodrift.errors import NeurodriftError
from neurodrift.learn import CELLS, OPTIMIZERS, RULES, Learner
from neurodrift.learn.cells import RNN
from neurodrift.learn.engines import ENGINES
from neurodrift.simulation import simulate_days

DATA = {"data": {"train": ["a.nwb"], "test": ["b.nwb"]}}


def spec(decoder: dict[str, Any] | None = None, **adapted: Any) -> Spec:
    return parse_spec({**DATA, "decoder": decoder or {}, "methods": {"adapted": [adapted]}})


@pytest.mark.parametrize("cell", list(CELLS))
def test_every_cell_can_be_named(cell: str) -> None:
    made = spec({"cell": cell})
    assert made.decoder.build_cell().name == cell
    assert any(cell in line for line in protocol(made))


@pytest.mark.parametrize("rule", list(RULES))
def test_every_argument_of_a_rule_is_a_key_that_reaches_it(rule: str) -> None:
    parameters = inspect.signature(RULES[rule]).parameters
    assert set(parameters) <= set(Adapted.model_fields), "give the spec a key of this name"
    defaults = {name: p.default for name, p in parameters.items()}
    other = {name: _another(name, value) for name, value in defaults.items()}
    for given in ({}, defaults, *({name: value} for name, value in other.items())):
        made = spec(rule=rule, feedback="random", **given).methods.adapted[0]
        assert repr(made.build_rule()) == repr(RULES[rule](**given))
        assert made.feedback == "random"


def _another(name: str, default: Any) -> Any:
    known = {"keep": "units", "choose": "largest", "k": 3, "decay": 0.1}
    return known.get(name, not default if isinstance(default, bool) else default)


@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_can_be_named_and_reaches_every_learner(engine: str, tmp_path: Path) -> None:
    made = spec({"cell": "rnn", "n_units": 3, "engine": engine})
    decoder = RecurrentDecoder(RNN(), 3, recipe=Recipe(epochs=1)).fit(
        simulate_days(1, minutes=0.2, n_channels=4)
    )
    store = Store(tmp_path)
    decoder.save(store.path("a", ".pt"))
    method = Method("adapted", "training_day", Adapted())
    unit = Unit("score", "b", "b.nwb", ("a",), method=method)
    learner = learning(unit, trained(unit, made, store), 0.0).learner
    assert (type(learner) is Learner) == (engine == "reference")


@pytest.mark.parametrize("optimizer", list(OPTIMIZERS))
def test_every_optimizer_can_be_named(optimizer: str) -> None:
    assert spec(optimizer=optimizer).methods.adapted[0].optimizer == optimizer


def test_a_spec_survives_its_own_toml() -> None:
    made = spec(
        {"cell": "leaky_rnn", "alpha": 0.25},
        rule="sparse_rtrl",
        k=2,
        keep="units",
        choose="smallest",
        redraw=True,
    )
    assert parse_spec(tomllib.loads(spec_to_toml(made))) == made
    assert repr(made.decoder.build_cell()) == "LeakyRNN(alpha=0.25)"


@pytest.mark.parametrize(
    ("decoder", "adapted", "told"),
    [
        ({"cell": "gru", "alpha": 0.5}, {}, "takes no alpha"),
        ({"cell": "leaky_rnn", "alpha": 2.0}, {}, "at most 1"),
        ({}, {"rule": "decay_trace", "decay": 1.5}, "under 1"),
        ({}, {"rule": "eprop", "decay": 0.5}, "takes no decay"),
        ({}, {"rule": "uoro", "k": 4}, "takes no k"),
        ({}, {"feedback": "fixed"}, "feedback"),
    ],
    ids=str,
)
def test_arguments_that_do_not_fit_are_refused(
    decoder: dict[str, Any], adapted: dict[str, Any], told: str
) -> None:
    with pytest.raises(NeurodriftError, match=told):
        spec(decoder, **adapted)


def test_a_recording_in_the_place_of_a_spec_is_told_where_it_goes(tmp_path: Path) -> None:
    file = tmp_path / "day.nwb"
    file.write_bytes(b"\x89HDF")
    with pytest.raises(NeurodriftError, match=r"day\.nwb is a recording, not a SPEC; .*--train"):
        named_spec(file, None, False)
