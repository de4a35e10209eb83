"""Runnable measurements, each against a baseline named in the same run."""
