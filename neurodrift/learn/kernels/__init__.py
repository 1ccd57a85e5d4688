"""Compiled twins of the hot cells, rules and optimizers; held to the reference by the conformance tests."""
