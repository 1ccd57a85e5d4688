"""neurodrift keeps a brain-computer-interface decoder working while its electrodes drift.

Recordings go in (`neurodrift.data`), a decoder that keeps learning runs through them one bin at a time
(`neurodrift.decoders`, `neurodrift.learn`), and a scored comparison with the frozen and the fully retrained
decoder comes out (`neurodrift.evaluation`, `neurodrift.benchmark`, `neurodrift.report`).
"""

from neurodrift.errors import NeurodriftError, NeurodriftWarning

__all__ = ["NeurodriftError", "NeurodriftWarning", "__version__"]

__version__ = "0.1.0"
