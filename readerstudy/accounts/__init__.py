"""Users, sites, roles and sign-in."""
