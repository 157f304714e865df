"""One module for each process; the only place where components are put together."""
