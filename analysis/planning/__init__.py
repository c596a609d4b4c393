"""Design of a study: power and sample size for readers and cases."""
