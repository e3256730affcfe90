"""The model as users hold it, its runs and their results."""
