"""Freeze, unblinding, analysis, report and exports."""
