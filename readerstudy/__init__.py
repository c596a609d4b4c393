"""The Readerstudy platform: a Django project of small apps, each using only those below it."""

from readerstudy.celery import app as celery_app

__all__ = ["celery_app"]
__version__ = "0.1.0"
