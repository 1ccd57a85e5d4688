"""The package as a whole: registries are complete, names exist, sources are named, files short, layers one way."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import neurodrift
from neurodrift.data import layouts
from neurodrift.data.layouts import LAYOUTS
from neurodrift.evaluation import metrics
from neurodrift.learn import cells, optim, rules

ROOT = Path(neurodrift.__file__).resolve().parents[1]
PACKAGE = ROOT / "neurodrift"

drift = importlib.import_module("neurodrift.drift")
decoders = importlib.import_module("neurodrift.decoders")
studies = importlib.import_module("neurodrift.studies")

KINDS: dict[ModuleType, Mapping[str, Any]] = {
    cells: cells.CELLS,
    rules: rules.RULES,
    optim: optim.OPTIMIZERS,
    drift: drift.DRIFTS,
    decoders: decoders.DECODERS,
    layouts: LAYOUTS,
    studies: studies.STUDIES,
}

NOT_REGISTERED = {
    "neurodrift.learn.cells.base": "the contract of a cell",
    "neurodrift.learn.rules.base": "the contract of a rule",
    "neurodrift.learn.cells.module": "takes a module of the user's; a name in a spec could not say which",
    "neurodrift.learn.rules.masks": "which paths sparse rules keep",
    "neurodrift.learn.rules.drawing": "random draws of replicas",
    "neurodrift.learn.optim.base": "the contract of an optimizer",
    "neurodrift.drift.base": "the contract of a drift",
    "neurodrift.drift.path": "what every drift draws",
    "neurodrift.drift.counts": "a path applied to recorded counts",
    "neurodrift.drift.detector": "tells when instability has risen",
    "neurodrift.drift.instability": "measures drift, whatever caused it",
    "neurodrift.decoders.base": "the contract of a decoder",
    "neurodrift.decoders.saved": "the recurrent decoder in one file",
    "neurodrift.decoders.encoding": "labels, z-scores and files of the recurrent decoder",
    "neurodrift.decoders.replicas": "rows and step sizes that follow replicas",
    "neurodrift.decoders.training": "offline training, shared by the recurrent decoders",
    "neurodrift.studies.adding": "the adding task of a study",
    "neurodrift.studies.characters": "a stream of characters for a study",
    "neurodrift.studies.delayed": "streams with far targets for a study",
    "neurodrift.studies.head_runs": "runs of the transformer study",
    "neurodrift.studies.heads": "attention heads of the transformer study",
    "neurodrift.studies.precision": "rounding, for the scope study",
    "neurodrift.studies.river_streams": "river's streams for a study",
    "neurodrift.studies.scope_findings": "figures of the scope study",
    "neurodrift.studies.streaming_findings": "figures of the streaming study",
    "neurodrift.studies.base": "the contract of a study",
    "neurodrift.studies.adapting": "trains networks and lets them adapt, shared by studies",
    "neurodrift.studies.recorded": "pairs of recorded sessions",
    "neurodrift.studies.seeds": "figures over seeds",
    "neurodrift.studies.shift": "the experiment that most studies share",
    "neurodrift.studies.streams": "made signals that change",
    "neurodrift.studies.verdicts": "how a figure becomes a verdict",
}

NO_REFERENCES = {
    "common": "a plain statement of what happens to a channel",
    "daily": "a plain statement of what happens over days",
    "exchange": "a plain statement of what happens to a channel",
    "intermittent": "a plain statement of what happens to a channel",
    "scheduled": "a plain statement of when something happens",
    "shift": "a plain statement of what happens to an array",
    "baseline": "a plain statement of what happens to a channel",
    "dropout": "a plain statement of what happens to a channel",
    "gain": "a plain statement of what happens to a channel",
    "swap": "a plain statement of what happens to a channel",
    "turnover": "a plain statement of what happens to a channel",
    "standard": "the project's own family, stated in docs/protocol.md",
    "recurrent": "its parts (cell, rule, optimizer) name theirs",
}

MODULES = sorted(m.name for m in pkgutil.walk_packages(neurodrift.__path__, "neurodrift."))
FILES = sorted(PACKAGE.rglob("*.py"))
FOLDERS = [(kind, m.name) for kind in KINDS for m in pkgutil.iter_modules(kind.__path__, kind.__name__ + ".")]
ENTRIES = [(name, entry) for kind in KINDS if kind is not layouts for name, entry in KINDS[kind].items()]


def home(entry: Any) -> str:
    """The module an entry of a dict comes from."""
    return entry.__name__ if isinstance(entry, ModuleType) else entry.__module__


@pytest.mark.parametrize(("kind", "module"), FOLDERS, ids=[module for _, module in FOLDERS])
def test_each_module_of_a_kind_is_in_its_dict(kind: ModuleType, module: str) -> None:
    registered = module in {home(entry) for entry in KINDS[kind].values()}
    assert registered != (module in NOT_REGISTERED), (
        f"{module}: give it a line in the dict of {kind.__name__}, or a reason in NOT_REGISTERED, not both"
    )


def test_exceptions_name_things_that_exist() -> None:
    assert set(NOT_REGISTERED) <= set(MODULES)
    assert set(NO_REFERENCES) <= {name for name, _ in ENTRIES}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_registered_names_are_the_names_of_what_they_make(kind: ModuleType) -> None:
    for name, entry in KINDS[kind].items():
        assert getattr(entry, "name", name) == name


@pytest.mark.parametrize("module", ["neurodrift", *MODULES])
def test_every_name_in_all_exists_and_all_is_there(module: str) -> None:
    loaded = importlib.import_module(module)
    missing = [name for name in getattr(loaded, "__all__", ()) if not hasattr(loaded, name)]
    assert not missing, f"{module}.__all__ names {missing}, which it does not have"
    own = [
        name
        for name, value in vars(loaded).items()
        if inspect.isclass(value) and value.__module__ == module and not name.startswith("_")
    ]
    assert not own or hasattr(loaded, "__all__"), f"{module} defines {own} and has no __all__"


@pytest.mark.parametrize(("name", "entry"), ENTRIES, ids=[name for name, _ in ENTRIES])
def test_registered_things_name_their_sources(name: str, entry: Any) -> None:
    doc = inspect.getdoc(entry) or ""
    assert doc.strip(), f"{entry} has no docstring"
    sourced = "References:" in doc and ("arXiv:" in doc or "doi:" in doc)
    assert sourced != (name in NO_REFERENCES), (
        f"{name}: give its docstring References with a DOI or arXiv id, or a reason in NO_REFERENCES, not both"
    )


def test_metrics_are_described() -> None:
    for name, metric in metrics.METRICS.items():
        assert inspect.getdoc(metric), f"metric {name} has no docstring"


@pytest.mark.parametrize("file", FILES, ids=[str(f.relative_to(ROOT)) for f in FILES])
def test_files_are_short_and_say_what_they_are(file: Path) -> None:
    lines = file.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 300, f"{file} has {len(lines)} lines; one idea a file, at most 300"
    assert lines and lines[0].startswith('"""') and len(lines[0]) > 10, (
        f"{file} does not start with a docstring"
    )


@pytest.mark.parametrize(
    "code",
    [
        "import neurodrift",
        "from click.testing import CliRunner; from neurodrift.cli import cli; "
        "assert 'benchmark' in CliRunner().invoke(cli, ['--help'], catch_exceptions=False).output",
    ],
    ids=["import", "--help"],
)
def test_starting_up_imports_no_torch(code: str) -> None:
    heavy = "heavy = {'torch', 'pynwb', 'matplotlib'} & set(sys.modules); assert not heavy, heavy"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; {code}; {heavy}"], capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr


def test_layers_are_one_way() -> None:
    pytest.importorskip("importlinter", reason="import-linter comes with the dev extra")
    code = "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
