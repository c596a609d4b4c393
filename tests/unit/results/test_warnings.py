"""What is said beside the answer, in the words of the screen."""

from readerstudy.results import presentation


def test_a_warning_of_the_statistics_speaks_of_arms_and_is_said_once() -> None:
    words = "reader R05, modality A: perfect separation; the AUC is 1 without variance"
    numbers = {"warnings": [words], "primary": {"warnings": [words, "few modalities"]}}
    said = ["reader R05, arm A: perfect separation; the AUC is 1 without variance", "few arms"]
    assert presentation._warnings(numbers) == said


def test_s5_a_warning_of_what_is_said_of_marks_is_shown_with_its_name() -> None:
    """S5: a difference that does not vary has an interval without width; that must be said."""
    still = "the differences do not vary at all (standard error 0)"
    foms = {
        "wafroc": {"label": "wAFROC", "warnings": [still, "few modalities"]},
        "sensitivity": {"label": "Lesion sensitivity", "warnings": [still]},
    }
    numbers = {"primary": {"warnings": ["few modalities"]}, "localisation": {"foms": foms}}
    said = ["few arms", f"wAFROC, Lesion sensitivity: {still}"]
    assert presentation._warnings(numbers) == said
