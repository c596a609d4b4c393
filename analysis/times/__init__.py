"""Reading time: mixed models of log active time, learning, and what AI does to decisions."""
