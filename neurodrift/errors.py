"""The two things neurodrift says when something is not as it should be."""

__all__ = ["NeurodriftError", "NeurodriftWarning"]


class NeurodriftError(Exception):
    """Input that cannot be used: the message names the file, the object, the value and the remedy.

    The command line prints the message alone and exits with 2; `--debug` shows the traceback.
    """


class NeurodriftWarning(UserWarning):
    """Something was repaired, left out or assumed; the same line stands in the session's provenance."""
