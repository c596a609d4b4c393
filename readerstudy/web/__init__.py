"""What every page and answer shares: problem details, permissions, file sending, base templates."""
