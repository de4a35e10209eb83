"""Outputs that are no table: models, tests, curves and predictors, described by what they rest on, and their rules."""
