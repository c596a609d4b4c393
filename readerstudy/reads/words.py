"""What the rules of reading say to the reader, in the reader's language."""

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from readerstudy.reads.completeness import Missing

_WORDS = {
    "unrated": _("Mark {about} has no rating."),
    "nothing_said": _("Put a mark, or say that there is no metastasis."),
    "both_said": _("You said that there is no metastasis: take that back, or remove the marks."),
    "unanswered": _("Not answered: {about}"),
    "unfit": _("This answer does not fit: {about}"),
}


def in_words(found: Sequence[Missing]) -> list[str]:
    """What is missing, a sentence each."""
    return [str(_WORDS[each.why]).format(about=each.about) for each in found]
