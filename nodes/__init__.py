"""The library of nodes: one file per family, one function per node."""

import os

# torch reads it when it is first imported: its threads would spin while they wait, which made small
# models 12 times slower and more on a busy machine (compare pytorch/pytorch#57715).
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
