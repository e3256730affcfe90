"""From a network to compiled kernels."""
