"""Rules over descriptions, each `(description, parameters) -> list[Finding]` in a file of its own."""
