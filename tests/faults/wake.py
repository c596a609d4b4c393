"""Send workers the ids of all runs that wait, as the sweep does. Run as a module."""

import django

django.setup()

from readerstudy.proposals import services  # noqa: E402 -- Django must be set up first

if __name__ == "__main__":
    print(services.wake_up())  # noqa: T201 -- its output is its answer
