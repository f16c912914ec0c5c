"""Putting what was generated into the servers that use it."""
