"""Models in the words of other programs: SBML, Antimony, COMBINE, PHREEQC, LaTeX, Python."""
