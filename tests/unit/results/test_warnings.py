"""What is said beside the answer, in the words of the screen."""

from readerstudy.results import presentation


def test_a_warning_of_the_statistics_speaks_of_arms_and_is_said_once() -> None:
    words = "reader R05, modality A: perfect separation; the AUC is 1 without variance"
    numbers = {"warnings": [words], "primary": {"warnings": [words, "few modalities"]}}
    said = ["reader R05, arm A: perfect separation; the AUC is 1 without variance", "few arms"]
    assert presentation._warnings(numbers) == said
