"""Specs and configuration in, files for Prometheus and Grafana out."""
