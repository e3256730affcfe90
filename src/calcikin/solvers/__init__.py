"""Time integration: SciPy for reference."""
