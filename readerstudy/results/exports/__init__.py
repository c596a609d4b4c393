"""What leaves the platform: one bundle from which anybody recomputes the results."""

from readerstudy.results.exports.bundling import bundle

__all__ = ["bundle"]
