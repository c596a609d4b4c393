"""What can be asked of a lesion."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Question:
    """A question with its classes, in the order of the probabilities."""

    name: str
    words: str
    classes: tuple[str, ...]


QUESTIONS = {
    each.name: each
    for each in (
        Question("tumour", "Metastasis or glioblastoma?", ("metastasis", "glioblastoma")),
        Question("primary", "From which primary?", ("lung", "breast", "melanoma", "other")),
        Question("treated", "After radiation: necrosis or recurrence?", ("necrosis", "recurrence")),
    )
}


def question_of(name: str) -> Question:
    """A question by name; a `ValueError` names those there are."""
    if name not in QUESTIONS:
        raise ValueError(f"no question {name!r}; there are: {', '.join(QUESTIONS)}")
    return QUESTIONS[name]
