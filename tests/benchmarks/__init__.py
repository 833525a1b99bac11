"""How fast things are, beside what others need for it: `python -m tests.benchmarks`, on a quiet machine."""
