"""How fast things are: programs to be run by hand on a quiet machine, `python -m tests.benchmarks.NAME`."""
