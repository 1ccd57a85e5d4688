"""`python -m neurodrift.cli`, where the command is not on PATH."""

from neurodrift.cli import main

__all__: list[str] = []

if __name__ == "__main__":
    main()
