"""Solution chemistry: constant sets, activity coefficients, speciation and media."""
