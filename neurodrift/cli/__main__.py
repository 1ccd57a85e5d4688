"""`python -m neurodrift.cli`, where the command is not on PATH."""

from neurodrift.cli import main

main()
