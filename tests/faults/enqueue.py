"""Make a run on a fresh examination and print its id. Run as a module."""

import django

django.setup()

from readerstudy.imaging import services as imaging  # noqa: E402 -- Django must be set up first
from readerstudy.proposals import services  # noqa: E402
from tests import factories  # noqa: E402

if __name__ == "__main__":
    examination = factories.examination(imaging.create_collection(name="For a fault test"))
    run = services.request(examination, detector=factories.DETECTOR)
    print(run.pk)  # noqa: T201 -- its output is its answer
