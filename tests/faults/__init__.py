"""Faults on real processes: kill -9, lost answers, forgotten messages. `make faults`: long form."""
