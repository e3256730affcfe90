"""Models as data: networks, parameter sets and scenarios, each proven when loaded."""
