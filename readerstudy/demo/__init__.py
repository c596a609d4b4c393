"""The demonstration study, made through the same services as a real one."""
