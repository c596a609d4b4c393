"""Classification heads: they learn what the synthetic classes differ by, and say how surely."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import inference
from inference import phantom
from inference.classify import (
    QUESTIONS,
    appearances,
    classified,
    measure,
    radiomics,
    ship,
    shipped,
    teaching,
    words,
    words_zh,
)
from inference.classify.appearances import LOOKS
from inference.classify.convolutional import ConvolutionalHead, densenet, resnet
from inference.classify.heads import Head, head_of
from inference.classify.measure import measured
from inference.classify.patches import SIDE, Patch, patch_of
from inference.lesions import Lesion
from inference.phantom import PhantomCase
from inference.preprocess import Prepared, prepare
from readerstudy.proposals import bridge
from tests.unit.inference.conftest import MadeOnce


@pytest.fixture(autouse=True)
def _fewer_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Intervals of a tenth of the draws: most of the time that measuring takes goes there."""
    monkeypatch.setattr(measure, "_DRAWS", 50)


def ball(radius: float) -> Patch:
    at = np.indices((SIDE,) * 3) - (SIDE - 1) / 2
    mask = np.linalg.norm(at, axis=0) <= radius
    return Patch(np.stack([mask * level for level in (4, 1, 2, 3)]).astype(np.float32), mask)


def test_features_of_a_ball_are_those_of_a_ball() -> None:
    found = radiomics.features(ball(10))
    assert found["log_volume"] == pytest.approx(np.log(4 / 3 * np.pi * 1000), abs=0.02)
    assert found["sphericity"] == pytest.approx(1, abs=0.05)
    assert found["elongation"] == pytest.approx(1, abs=0.01)
    assert (found["t1c_mean"], found["t1c_sd"], found["flair_around"]) == (4, 0, 0)
    assert 35 <= len(found) <= 50
    assert np.isfinite(list(found.values())).all()


def test_equal_seeds_give_equal_lesions_and_every_class_comes() -> None:
    for name, question in QUESTIONS.items():
        one, number = appearances.make(name, 5)
        again, _ = appearances.make(name, 5)
        assert np.array_equal(one.voxels, again.voxels)
        assert one.mask.sum() > 20
        numbers = {appearances.make(name, seed)[1] for seed in range(12)}
        assert numbers == set(range(len(question.classes)))
        assert number in numbers
        assert set(question.classes) <= set(LOOKS)


def test_a_head_that_learns_is_better_than_chance_and_its_probabilities_are_honest() -> None:
    found = measured("tumour", "logistic-lasso", training=48, test=48)
    auc, (low, _high) = found["auc"]
    assert auc > 0.85
    assert low > 0.65
    assert found["calibration_error"][0] < 0.15
    assert "nothing is known about patients" in found["note"]


def test_where_the_classes_look_alike_no_head_can_tell_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(LOOKS, "glioblastoma", LOOKS["metastasis"])
    found = measured("tumour", "logistic-lasso", training=24, test=24)
    auc, (low, high) = found["auc"]
    assert low < 0.5 < high or auc < 0.65


@pytest.mark.parametrize(
    "head",
    [
        head_of("svm"),
        head_of("random-forest"),
        ConvolutionalHead(resnet, epochs=40),
        ConvolutionalHead(densenet, epochs=40),
    ],
    ids=["svm", "random-forest", "resnet", "densenet"],
)
def test_every_head_learns_bright_from_dark(head: Head) -> None:
    patches = [Patch(ball(8).voxels * (1 + n % 2), ball(8).mask) for n in range(20)]
    rng = np.random.default_rng(1)
    noisy = [
        Patch(p.voxels + rng.normal(0, 0.1, p.voxels.shape).astype(np.float32), p.mask)
        for p in patches
    ]
    classes = np.arange(20) % 2
    head.fit(noisy, classes)
    found = head.probabilities(noisy)
    assert found.sum(1) == pytest.approx(1)
    assert (found.argmax(1) == classes).mean() >= 0.9


def test_a_head_without_learning_and_an_unknown_one_say_so() -> None:
    with pytest.raises(ValueError, match="call fit first"):
        ConvolutionalHead(resnet).probabilities([ball(5)])
    with pytest.raises(ValueError, match="logistic-lasso, svm"):
        head_of("oracle")
    with pytest.raises(ValueError, match="tumour, primary, treated"):
        appearances.make("grade", 1)


def test_a_proposals_patch_has_the_lesion_in_its_middle() -> None:
    voxels = np.zeros((4, 64, 64, 64), np.float32)
    voxels[:, 4:11, 30:37, 50:57] = 3
    lesion = Lesion(np.ones((7, 7, 7), np.uint8), (4, 30, 50), np.eye(4), 0.9)
    found = patch_of(lesion, Prepared(voxels, np.eye(4), ()))
    assert found.voxels.shape == (4, SIDE, SIDE, SIDE)
    assert np.array_equal(found.mask, found.voxels[0] == 3)
    assert np.argwhere(found.mask).mean(0) == pytest.approx([24, 24, 24], abs=0.5)


KINDS = ("glioblastoma", "melanoma", "breast")


@pytest.fixture(scope="module")
def head(made_once: MadeOnce) -> PhantomCase:
    found: PhantomCase = made_once("kinds", lambda: phantom.make_case(91_001, of_kinds=KINDS))
    return found


def test_a_head_has_a_lesion_of_each_class_that_is_asked_for_and_they_look_it(
    head: PhantomCase,
) -> None:
    found = {each.kind: each for each in head.lesions}
    assert found.keys() == set(KINDS)
    assert found["glioblastoma"].diameter_mm > found["breast"].diameter_mm
    before = {}
    for kind, lesion in found.items():
        z, y, x = np.array(lesion.offset)[:, None] + np.argwhere(lesion.mask).T
        assert head.brain[z, y, x].mean() > 0.6
        assert (head.labels[z, y, x] == lesion.id).all()
        t1 = head.series["t1"]
        inverse = np.linalg.inv(t1.affine)
        at = inverse[:3, :3] @ np.array(lesion.centroid_mm) + inverse[:3, 3]
        before[kind] = float(t1.voxels[tuple(np.round(at).astype(int))])
    assert before["melanoma"] > before["glioblastoma"]


def test_a_class_that_nobody_described_is_refused() -> None:
    with pytest.raises(ValueError, match="no lesions of kind 'wart'; there are: metastasis"):
        phantom.make_case(91_001, of_kinds=("wart",))


def test_a_proposal_on_four_series_is_told_what_it_may_be_and_a_small_one_is_not(
    head: PhantomCase,
) -> None:
    ready = prepare(head.series)
    affine = head.series["t1c"].affine
    for each in head.lesions:
        lesion = Lesion(each.mask, each.offset, affine, 0.9)
        said = classified(lesion, ready).classification
        assert said["head"] == "lesion-kind@1"
        assert said["sha256"] == shipped.shipped().sha256
        for name, answers in said["probabilities"].items():
            assert tuple(answers) == QUESTIONS[name].classes
            assert sum(answers.values()) == pytest.approx(1, abs=0.003)
        for text in (said["short"], said["full"]):
            assert text.startswith("If this is a lesion: ")
            assert "synthetic" in text
        assert "nothing is known of how often they are right in patients" in said["full"]
        for text in (said["zh-hans"]["short"], said["zh-hans"]["full"]):
            assert text.startswith("若确为病灶")
            assert "合成病灶" in text
        assert classified(lesion, replace(ready, missing=("flair",))).classification == {}
    small = Lesion(np.ones((3, 3, 3), np.uint8), (90, 90, 90), affine, 0.9)
    assert small.diameter_mm < shipped.shipped().smallest_mm
    assert classified(small, ready).classification == {}


def test_the_platform_tells_of_outlines_what_the_head_says_of_the_lesions(
    head: PhantomCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SEG, SR and the room say the same: all of them are of the outlines that are kept."""
    monkeypatch.setattr(inference, "read_examination", lambda _paths: dict(head.series))
    affine, ready = head.series["t1c"].affine, prepare(head.series)
    lesions = [Lesion(each.mask, each.offset, affine, 0.9) for each in head.lesions]
    found = [
        bridge.Found(
            each.centroid_mm, each.diameter_mm, each.volume_mm3, 0.9, None,
            [list(map(list, line)) for line in each.contours_mm()], {},
        )
        for each in lesions
    ]  # fmt: skip
    paths = {role: [Path("x.dcm")] for role in ("t1c", "t1", "t2", "flair")}
    asked, told = bridge.tell_kinds(found, paths, grid_role="t1c")
    assert (asked.sha256, asked.lacks) == (shipped.shipped().sha256, ())
    for lesion, one in zip(lesions, told, strict=True):
        expected = classified(lesion, ready).classification["probabilities"]
        for question, answers in one.classification["probabilities"].items():
            assert answers == pytest.approx(expected[question], abs=0.1)


def rows(count: int, first: int) -> list[dict[str, Any]]:
    """Rows of a made-up world where one feature tells the class, and noise what is left."""
    made = []
    for seed in range(first, first + count):
        kind = teaching.KINDS[seed % len(teaching.KINDS)]
        rng = np.random.default_rng(seed)
        told = teaching.KINDS.index(kind) + rng.normal(0, 0.5)
        features = {"told": told, "noise": float(rng.normal())}
        place = "head" if seed % 5 == 4 else "alone"
        made.append({"seed": seed, "number": 1, "kind": kind, "place": place,
                     "outline": "truth", "diameter_mm": 9.0, "features": features})  # fmt: skip
    return made


def test_what_is_shipped_answers_as_it_was_fitted_and_says_how_it_was_measured(
    tmp_path: Path,
) -> None:
    path = ship.ship(rows(210, 0), rows(560, 1000), tmp_path / "head.json")
    found = shipped.read(path)
    card = found.card["performance"]["treated"]["alone, truth"]
    assert card["lesions"] == card["phantoms"] == 128
    assert card["accuracy"][0] > 0.75
    assert card["calibration_error"][0] < 0.2
    assert sum(count for count, _, _ in card["reliability"]) == 128
    assert found.card["performance"]["treated"]["head, truth"]["lesions"] == 32
    for row in rows(70, 2000):
        if row["kind"] in ("necrosis", "recurrence"):
            answers = found.probabilities(row["features"])["treated"]
            is_far = abs(row["features"]["told"] - 5.5) > 0.7
            assert not is_far or max(answers, key=answers.__getitem__) == row["kind"]


def test_few_phantoms_give_a_figure_without_an_interval(tmp_path: Path) -> None:
    some = rows(560, 1000)
    alone, heads = ([row for row in some if row["place"] == each] for each in ("alone", "head"))
    few = alone[:42] + heads[:21]
    path = ship.ship(rows(210, 0), few, tmp_path / "head.json")
    found = shipped.read(path)
    card = found.card["performance"]["treated"]["head, truth"]
    assert card["phantoms"] < 10
    assert card["accuracy"][1] is None
    assert found.card["performance"]["treated"]["alone, truth"]["accuracy"][1] is not None
    again = ship.ship(rows(210, 0), few, tmp_path / "again.json")
    assert again.read_bytes() == path.read_bytes()
    assert "treated" not in found.answering
    assert found.answering


def test_a_question_that_is_answered_no_better_than_chance_in_heads_is_not_shipped(
    tmp_path: Path,
) -> None:
    turned = {"necrosis": "recurrence", "recurrence": "necrosis"}
    unseen = [
        {**row, "kind": turned.get(row["kind"], row["kind"])} if row["place"] == "head" else row
        for row in rows(560, 1000)
    ]
    found = shipped.read(ship.ship(rows(210, 0), unseen, tmp_path / "head.json"))
    assert set(found.answering) == {"tumour", "primary"}
    assert found.card["performance"]["treated"]["alone, truth"]["auc"][1][0] > 0.5
    answers = found.probabilities({"told": 1.0, "noise": 0.0})
    for said in (words.full_text(answers), words.short_text(answers)):
        assert "metastasis" in said
        assert "irradiated" not in said
    assert "放疗" not in words_zh.full_text(answers) + words_zh.short_text(answers)
    nothing = [row for row in unseen if row["kind"] in turned]
    with pytest.raises(ValueError, match="no question is answered better than chance"):
        ship.ship(rows(210, 0), nothing, tmp_path / "nothing.json")


def test_every_question_of_the_shipped_head_is_answered_better_than_chance_in_heads() -> None:
    head = shipped.shipped()
    assert head.answering
    for name in head.answering:
        assert ship.is_above_chance(
            {k: v for k, v in head.card["performance"][name].items() if k != "strength"}
        )


def test_what_cannot_be_learnt_or_was_not_tried_in_heads_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="too few lesions for the question 'tumour'"):
        ship.ship(rows(14, 0), rows(70, 1000), tmp_path / "head.json")
    alone = [row for row in rows(70, 1000) if row["place"] == "alone"]
    with pytest.raises(ValueError, match="must have been tried there"):
        ship.ship(rows(210, 0), alone, tmp_path / "head.json")


def test_the_shipped_head_was_tried_in_heads_for_every_question() -> None:
    for name, figures in shipped.shipped().card["performance"].items():
        assert figures["head, detector"]["lesions"] > 20, name


@pytest.mark.parametrize("middle", [(30, 30, 30), (2, 30, 58), (59, 1, 1)])
def test_a_patch_is_cut_as_out_of_an_array_with_room_around_it(middle: tuple[int, ...]) -> None:
    rng = np.random.default_rng(4)
    ready = Prepared(rng.normal(size=(4, 60, 60, 60)).astype(np.float32), np.eye(4), ())
    lesion = Lesion(np.ones((1, 1, 1), np.uint8), middle, np.eye(4), 0.9)
    found = patch_of(lesion, ready)
    padded = np.pad(ready.voxels, [(0, 0), *[(24, 24)] * 3])
    z, y, x = (slice(at, at + 48) for at in middle)
    assert (found.voxels == padded[:, z, y, x]).all()
    assert np.argwhere(found.mask).tolist() == [[24, 24, 24]]


def test_a_damaged_head_is_refused_in_words(tmp_path: Path) -> None:
    text = shipped.FILE.read_text()
    path = tmp_path / "head.json"
    path.write_text(text.replace('"temperature": ', '"temperature": 1'))
    with pytest.raises(shipped.CorruptHead, match="damaged: fetch the repository's file again"):
        shipped.read(path)
    for bad in ("[]", "{", '{"sha256": ""}'):
        path.write_text(bad)
        with pytest.raises(shipped.CorruptHead, match="no head of this package"):
            shipped.read(path)
    with pytest.raises(shipped.CorruptHead, match="no head of this package"):
        shipped.read(tmp_path / "missing.json")


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("temperature", 0, "not all above 0"), ("temperature", "nan", "no number"),
        ("scale", 0, "not all above 0"), ("mean", "nan", "no number"),
        ("intercept", None, "does not fit"),
    ],
)  # fmt: skip
def test_a_head_of_impossible_numbers_is_refused_whatever_its_digest(
    tmp_path: Path, name: str, value: object, words: str
) -> None:
    raw = json.loads(shipped.FILE.read_text())
    del raw["sha256"]
    asked = raw["questions"]["tumour"]
    if value is None:
        asked[name] = asked[name][:-1]
    elif name == "temperature":
        asked[name] = value
    else:
        asked[name][0] = value
    path = tmp_path / "head.json"
    path.write_text(json.dumps(raw | {"sha256": shipped.digest(raw)}))
    with pytest.raises(shipped.CorruptHead, match=words):
        shipped.read(path)


def test_the_shipped_head_is_better_than_chance_on_lesions_that_it_did_not_learn_from() -> None:
    some = [teaching.alone(seed) for seed in range(300_000, 300_042)]
    found = [
        (shipped.shipped().probabilities(row["features"])["tumour"], row["kind"]) for row in some
        if row["kind"] not in ("necrosis", "recurrence")
    ]  # fmt: skip
    of_glioblastomas = [p["glioblastoma"] for p, kind in found if kind == "glioblastoma"]
    of_others = [p["glioblastoma"] for p, kind in found if kind != "glioblastoma"]
    assert np.mean(of_glioblastomas) > np.mean(of_others) + 0.3
