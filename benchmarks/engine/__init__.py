"""The engine against RELION, against imagecodecs, and against the truth; see `benchmarks.engine.__main__`."""
