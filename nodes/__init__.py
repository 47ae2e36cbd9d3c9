"""The library of nodes: one file per family, one function per node."""
