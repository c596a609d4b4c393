"""The reference standard, unreachable from reading."""
