"""Pages: parse, call a service, present, render."""
