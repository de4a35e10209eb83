"""The JSON of `readingroom check published` and `readingroom check protect`: read, answered, shown by example."""
