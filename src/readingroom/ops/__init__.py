"""Providing, starting, watching and stopping an installation on one machine."""
