"""Simulated reader studies: Roe-Metz ratings, search-model marks, lognormal times; all seeded."""
