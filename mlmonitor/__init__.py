"""Monitoring for machine-learning models, as code."""

from __future__ import annotations
