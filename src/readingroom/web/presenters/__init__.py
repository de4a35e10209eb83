"""Turn what services return into what templates print: words, colours, allowed buttons."""
