"""Questionnaires that most reader studies want, to start from. Pure.

Sleepiness is the Karolinska scale (Akerstedt and Gillberg, Int J Neurosci 1990; 52:29-37).
"""

from readerstudy.studies.definition import QuestionDraft, QuestionnaireDraft

KAROLINSKA = (
    "Extremely alert",
    "Very alert",
    "Alert",
    "Rather alert",
    "Neither alert nor sleepy",
    "Some signs of sleepiness",
    "Sleepy, but no effort to keep awake",
    "Sleepy, some effort to keep awake",
    "Very sleepy, great effort to keep awake",
)


def usual_questionnaires() -> tuple[QuestionnaireDraft, ...]:
    """About the reader before the study, about room and rest each session, about AI at the end."""
    return (_before(), _session(), _after())


def _before() -> QuestionnaireDraft:
    return QuestionnaireDraft(
        key="about-you",
        title="About you",
        moment="before",
        questions=(
            QuestionDraft(
                key="years",
                text="For how many years have you read brain MRI?",
                kind="number",
                minimum=0,
                maximum=60,
            ),
            _choice(
                "per_week",
                "How many brain MRI do you read in a usual week?",
                ("Fewer than 5", "5 to 20", "21 to 50", "More than 50"),
            ),
            _choice(
                "ai_use",
                "How often do you read with the help of AI in your daily work?",
                ("Never", "A few times", "Every week", "Every day"),
            ),
            _trust(),
        ),
    )


def _session() -> QuestionnaireDraft:
    return QuestionnaireDraft(
        key="room",
        title="Room and rest",
        moment="session",
        questions=(
            _choice("sleepiness", "How alert are you now?", KAROLINSKA),
            _choice("light", "How light is the room?", ("Dark", "Dimmed", "Daylight or lamps")),
            _choice(
                "disturbance",
                "Do you expect to be disturbed?",
                ("No", "Perhaps", "Yes, I am on call"),
            ),
        ),
    )


def _after() -> QuestionnaireDraft:
    return QuestionnaireDraft(
        key="afterwards",
        title="After your last case",
        moment="after",
        questions=(
            _trust(),
            _choice(
                "would_use",
                "Would you use such an AI in your daily work?",
                ("Yes", "For some examinations", "No", "I cannot say"),
            ),
            QuestionDraft(
                key="remarks", text="Anything the study should know?", kind="text",
                is_required=False,
            ),
        ),
    )  # fmt: skip


def _trust() -> QuestionDraft:
    return QuestionDraft(
        key="trust",
        text="How much do you trust AI to find brain metastases?",
        kind="rating",
        low_label="Not at all",
        high_label="Completely",
        minimum=0,
        maximum=100,
    )


def _choice(key: str, text: str, labels: tuple[str, ...]) -> QuestionDraft:
    choices = tuple(
        {"value": str(place), "label": label} for place, label in enumerate(labels, start=1)
    )
    return QuestionDraft(key=key, text=text, kind="choice", choices=choices)
