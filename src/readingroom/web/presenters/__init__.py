"""Turn what services return into what templates print: words, colours, allowed buttons. They decide; templates print."""
