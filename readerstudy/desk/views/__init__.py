"""One module a step of making and running a study."""
