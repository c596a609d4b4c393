"""Load and costs of blinded reading, on a real server and PostgreSQL."""
