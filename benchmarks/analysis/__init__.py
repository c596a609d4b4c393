"""How fast the analyses are, and how time and memory grow."""
