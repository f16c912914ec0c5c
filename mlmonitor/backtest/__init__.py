"""Backtest: how the rules would have behaved, on past traffic or on simulated."""
