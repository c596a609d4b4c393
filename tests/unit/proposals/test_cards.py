"""The shipped detector's card, as people read it."""

import inference
from readerstudy.proposals import cards


def test_every_measurement_of_the_shipped_card_is_a_row_of_words() -> None:
    card = inference.detector_card(inference.default_detector())
    rows = cards.measured(card["performance"])
    assert [row for row in rows if "{" in "".join(row) or "_" in "".join(row)] == []
    found = {name: (of, value) for name, of, value in rows}
    whole = card["performance"]["sensitivity"]["all"]
    assert found["Lesions found"][0] == str(whole["n"])
    assert found["Lesions found"][1].startswith(f"{whole['value']:.3f} (")
    assert "Lesions found, at least 10 mm" in found
    right = card["performance"]["predictive_value"]["value"]
    assert found["Proposals that are lesions"][1].startswith(f"{right:.3f} (")
    assert "synthetic phantoms" in cards.trained(card["training"])


def test_a_card_without_measurements_has_none() -> None:
    assert cards.measured({}) == []
    assert cards.material({}) == ""


def test_what_could_not_be_estimated_is_a_dash() -> None:
    part = {"n": 0, "value": None, "interval": None}
    assert cards.measured({"sensitivity": {"0-3 mm": part}}) == [
        ("Lesions found, 0 to 3 mm", "0", "\N{EN DASH}")
    ]


def test_a_card_says_where_its_detector_runs() -> None:
    words = cards.place({"device": "any", "memory_mib": 1946})
    assert words == "any machine; a GPU where there is one; up to 1.9 GiB on a CPU"
    assert cards.place({"device": "cuda", "memory_mib": None}) == "a GPU only"
    assert cards.place({"banner": "another maker's"}) == ""


def test_a_card_says_which_series_the_detector_needs() -> None:
    assert cards.needs({"needs": ["t1c", "flair"]}) == "T1c, FLAIR"
    assert cards.needs({"needs": ["ct"]}) == "CT"
    assert cards.needs({}) == ""
