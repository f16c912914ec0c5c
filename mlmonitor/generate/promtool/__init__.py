"""Unit tests of the generated rules, for promtool: a simulated world, and what must fire in it."""
