"""`python -m mlmonitor`."""

from mlmonitor.cli import main

main()
