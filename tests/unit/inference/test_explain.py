"""Explanations: how far the next vessel is, which known lesions are alike, both languages."""

import tracemalloc
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from inference import known_table
from inference.explain import Basis, explain, is_fitted, pictures, similar, words, words_zh
from inference.explain.features import elongation
from inference.explain.similar import FEATURES, Similar
from inference.explain.vessels import REACH_MM, vessel_distance_mm
from inference.lesions import HeatMap, Lesion
from inference.preprocess import Prepared

SIDE = 48
TALL = np.array([[0, 0, 1.0, 5], [0, 1.0, 0, -20], [1.0, 0, 0, 40], [0, 0, 0, 1]])  # LPS
FOUND = {
    "diameter_mm": 6.0, "volume_mm3": 110.0, "elongation": 1.2, "contrast_sd": 4.0,
    "core_to_rim": 0.4, "vessel_mm": 7.0, "uptake_sd": 3.0, "oedema_percent": 30.0,
}  # fmt: skip


def ball(radius: float = 3.0) -> NDArray[np.bool_]:
    at = np.indices((SIDE,) * 3) - SIDE // 2
    return np.asarray(np.sqrt((at**2).sum(0)) <= radius)


def head(vessel_at: int | None, *, length: int = SIDE) -> NDArray[np.float32]:
    """A bright ball in noise and, so many voxels beside its middle, a tube of 2.4 mm."""
    rng = np.random.default_rng(4)
    image = rng.normal(0, 0.5, (SIDE,) * 3).astype(np.float32)
    image[ball()] += 5
    if vessel_at is not None:
        z, y, x = np.indices((SIDE,) * 3)
        away = np.sqrt((y - SIDE // 2) ** 2 + (x - SIDE // 2 - vessel_at) ** 2)
        image += 5 * np.clip(1.7 - away, 0, 1) * (abs(z - SIDE // 2) <= length // 2)
    return image


@pytest.mark.parametrize(("place", "expected"), [(9, 5.0), (14, 10.0)])
def test_the_next_vessel_is_measured_from_the_lesions_edge(place: int, expected: float) -> None:
    assert vessel_distance_mm(head(place), ball()) == pytest.approx(expected, abs=1.1)


def test_a_vessel_that_runs_into_a_lesion_touches_it() -> None:
    assert vessel_distance_mm(head(4), ball()) == 0


@pytest.mark.parametrize("image", [head(None), head(10, length=3)], ids=["alone", "beside a spot"])
def test_neither_the_lesion_itself_nor_a_spot_is_a_vessel(image: NDArray[np.float32]) -> None:
    assert vessel_distance_mm(image, ball()) == REACH_MM


def known(**kinds: tuple[int, float]) -> similar.Known:
    """So many rows of each kind around a contrast; everything else as in `FOUND`."""
    rng = np.random.default_rng(5)
    rows = [
        {
            **{name: str(FOUND[name]) for name in FEATURES},
            "contrast_sd": str(contrast + rng.normal(0, 0.1)),
            "kind": kind,
        }
        for kind, (count, contrast) in kinds.items()
        for _ in range(count)
    ]
    return similar.known_of(rows)


def test_the_most_similar_known_lesions_are_told_by_what_they_were() -> None:
    table = known(ring=(8, 4.0), false=(30, 1.0), solid=(5, 3.0))
    bright = similar.nearest(FOUND, table)
    assert bright == Similar(10, {"ring": 8, "solid": 2})
    faint = similar.nearest(FOUND | {"contrast_sd": 0.9}, table)
    assert faint is not None
    assert faint.true == 0


def test_a_feature_that_lacks_is_left_out_of_the_comparison() -> None:
    table = known(ring=(12, 4.0), false=(30, 1.0))
    bare = {name: value for name, value in FOUND.items() if name != "oedema_percent"}
    assert similar.nearest(bare, table) == Similar(10, {"ring": 10})


def test_too_few_known_lesions_are_not_spoken_of() -> None:
    assert similar.nearest(FOUND, known(ring=(5, 4.0))) is None


def test_the_shipped_table_holds_true_and_false_proposals_of_other_seeds_than_the_bench() -> None:
    table = similar.table()
    assert sum(kind != similar.FALSE for kind in table.kinds) >= 30
    assert table.kinds.count(similar.FALSE) >= 30
    seeds = [int(line.split(",")[0]) for line in known_table.newest().read_text().splitlines()[1:]]
    assert min(seeds) >= 20_000
    assert max(seeds) < 30_000


def test_each_row_of_the_shipped_table_has_a_picture_of_its_own() -> None:
    table = known_table.newest()
    count = len(known_table.rows(table))
    tiles = {pictures.png(table, row) for row in range(count)}
    assert len(tiles) == count
    with Image.open(BytesIO(min(tiles))) as image:
        assert (image.size, image.mode) == ((36, 72), "L")
    for row in (-1, count):
        with pytest.raises(IndexError, match="known lesions have pictures"):
            pictures.png(table, row)
    assert pictures.of_table(table).stat().st_size <= 300_000


def test_a_table_that_is_made_anew_leaves_the_one_before_to_who_compared_with_it(
    tmp_path: Path,
) -> None:
    first = known_table.following(tmp_path)
    assert first == known_table.newest(tmp_path)
    for level in (40, 200):
        table = known_table.following(tmp_path)
        similar.write([{"seed": level, "kind": "solid", "diameter_mm": level}], table)
        tile = np.full((2 * pictures.SIDE, pictures.SIDE), level, np.uint8)
        pictures.write([tile], pictures.of_table(table))
    second = known_table.newest(tmp_path)
    assert first != second
    for table, level in ((first, 40), (second, 200)):
        assert known_table.of_digest(known_table.digest(table), tmp_path) == table
        assert known_table.rows(table)[0]["diameter_mm"] == str(level)
        with Image.open(BytesIO(pictures.png(table, 0))) as image:
            assert image.getpixel((0, 0)) == level
    assert known_table.of_digest("of a release before", tmp_path) is None


def test_a_picture_shows_the_proposal_in_its_middle_and_what_lacks_in_black() -> None:
    voxels = np.zeros((4, SIDE, SIDE, SIDE), np.float32)
    voxels[0][ball()] = 9  # T1c
    ready = Prepared(voxels, TALL, missing=("flair",))
    shown = pictures.picture(lesion(), ready)
    assert shown.shape == (2 * pictures.SIDE, pictures.SIDE)
    contrast, flair = np.split(shown, 2)
    bright = np.argwhere(contrast == contrast.max())
    assert bright.mean(0) == pytest.approx([pictures.SIDE // 2] * 2, abs=0.5)
    assert 0 < contrast.min() < contrast.max()
    assert not flair.any()


def test_a_picture_at_the_grids_edge_is_black_beyond_it() -> None:
    ready = Prepared(np.zeros((4, SIDE, SIDE, SIDE), np.float32), TALL, missing=())
    at_edge = replace(lesion(), offset=(0, 0, 41))
    contrast, _ = np.split(pictures.picture(at_edge, ready), 2)
    middle = pictures.SIDE // 2
    inside = contrast > 0
    assert inside[middle, middle]
    assert not inside[: middle - 4].any()
    assert not inside[:, middle + 5 :].any()


def test_an_explanation_keeps_which_known_lesions_it_compares_with() -> None:
    table = known(ring=(8, 4.0), false=(30, 1.0), solid=(5, 3.0))
    found = similar.nearest(FOUND, table)
    assert found is not None
    assert sorted(found.rows[:8]) == list(range(8))
    assert [table.kinds[row] for row in found.rows[8:]] == ["solid", "solid"]


@pytest.mark.parametrize(
    ("distance", "english", "chinese"),
    [
        (0.0, "A vessel-like structure touches it", "与其相接"),
        (2.0, "is 2 mm from its edge: see whether it is a branch", "距其边缘 2 mm"),
        (7.0, "is 7 mm from its edge.", "距其边缘 7 mm。"),
        (REACH_MM, "No vessel-like structure lies within 15 mm", "15 mm 范围内没有血管样结构"),
    ],
)
def test_both_languages_tell_how_far_the_next_vessel_is(
    distance: float, english: str, chinese: str
) -> None:
    features = FOUND | {"vessel_mm": distance}
    assert english in words.full_text(lesion(), features)
    assert chinese in words_zh.full_text(lesion(), features)
    is_near = distance <= words.NEAR_VESSEL_MM
    assert ("vessel at" in words.short_text(lesion(), features)) is is_near
    assert ("距血管" in words_zh.short_text(lesion(), features)) is is_near


def test_similar_lesions_are_told_at_both_levels_as_synthetic() -> None:
    alike = Similar(10, {"ring": 7, "solid": 1})
    full = words.full_text(lesion(), FOUND, alike)
    assert "8 were lesions (7 ring-enhancing, 1 solid) and 2 were none" in full
    assert "synthetic heads, no patients" in full
    assert "8 of 10 alike (phantoms) were lesions" in words.short_text(lesion(), FOUND, alike)
    chinese = words_zh.full_text(lesion(), FOUND, alike)
    assert "8 个是病灶（环形强化 7，实性 1），2 个不是" in chinese  # noqa: RUF001
    assert "10 例中 8 例为病灶" in words_zh.short_text(lesion(), FOUND, alike)


@pytest.mark.parametrize(
    ("features", "chinese"),
    [
        ({}, "没有平扫 T1"),
        ({"uptake_sd": 0.2}, "平扫已亮"),
        ({"uptake_sd": 2.0}, "平扫不亮"),
        ({"oedema_percent": 3.0}, "未见水肿"),
        ({"oedema_percent": 20.0}, "周围 20 % 呈高信号"),
        ({"elongation": 3.0}, "形状细长"),
        ({"core_to_rim": 0.4}, "环形强化灶"),
        ({"contrast_sd": 2.0}, "上亮于周围"),
    ],
)
def test_every_feature_has_its_words_in_chinese(features: dict[str, float], chinese: str) -> None:
    bare = {"volume_mm3": 9.0, "elongation": 1, "contrast_sd": 4, "core_to_rim": 1, "vessel_mm": 9}
    assert chinese in words_zh.full_text(lesion(), bare | features)


def lesion() -> Lesion:
    found = Lesion(ball()[21:28, 21:28, 21:28].astype(np.uint8), (21, 21, 21), TALL, 0.8, 0.2)
    heat = HeatMap(np.ones((2, 2, 2), np.float32), (21, 21, 21), TALL, "x", {"t1c": 0.95})
    return replace(found, heat=heat)


def test_a_proposal_bears_its_words_in_both_languages_and_what_they_rest_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    table = known(ring=(12, 4.0), false=(30, 1.0))
    monkeypatch.setattr(similar, "table", lambda: table)
    voxels = np.zeros((4, SIDE, SIDE, SIDE), np.float32)
    voxels[0] = head(9)
    told = explain(lesion(), Prepared(voxels, TALL, ())).explanation
    assert told["features"]["vessel_mm"] == pytest.approx(5, abs=1.1)
    assert told["zh-hans"].keys() == {"short", "full"}
    assert "增强 T1 95 %" in told["zh-hans"]["full"]
    assert told["alike"]["count"] == 10
    assert "Of the 10 proposals of the training bench" in told["full"]
    alone = Prepared(voxels[:1], TALL, (), ("ct",))
    on_ct = explain(replace(lesion(), heat=None), alone).explanation
    assert "its surroundings on CT." in on_ct["full"]
    assert "before contrast" not in on_ct["full"]
    assert "alike" not in on_ct


@pytest.mark.parametrize(
    ("basis", "english", "chinese"),
    [
        (
            Basis(is_calibrated=True),
            "mirrored images differ by 0.20 (how far",
            "并非第二意见",
        ),
        (
            Basis(opinions="dropout"),
            "; passes with dropout differ by 0.20.",
            "各次结果相差",
        ),
        (Basis(opinions="once", networks=3), "its 3 members differ", "3 个成员网络相差"),
        (Basis(networks=2), "its 2 members, each on mirrored images too, differ", "2 个成员网络"),
        (Basis(opinions="once", networks=5, are_folds=True), "its 5 folds differ", "5 折网络相差"),
    ],
)
def test_the_words_say_what_the_uncertainty_is_the_spread_of(
    basis: Basis, english: str, chinese: str
) -> None:
    told = words.full_text(lesion(), FOUND, basis=basis)
    assert english in told
    assert ("mirrored" in told) is (basis.opinions == "mirror")
    assert chinese in words_zh.full_text(lesion(), FOUND, basis=basis)


def test_a_probability_is_called_calibrated_only_where_its_card_fitted_one() -> None:
    none = {"temperature": 1, "bias": 0}
    assert not is_fitted(none)
    assert is_fitted(none | {"bias": -1.2})
    assert is_fitted(none | {"temperature": 0.5})
    bare = words.full_text(lesion(), FOUND)
    assert "probability, which was not calibrated, is 0.80" in bare
    assert "概率（未经校准）为 0.80" in words_zh.full_text(lesion(), FOUND)  # noqa: RUF001
    fitted = Basis(is_calibrated=True)
    assert "calibrated probability is 0.80" in words.full_text(lesion(), FOUND, basis=fitted)
    assert "校准概率为 0.80" in words_zh.full_text(lesion(), FOUND, basis=fitted)


@pytest.mark.parametrize("seed", range(8))
def test_how_long_and_where_a_lesion_is_are_those_of_its_voxels_places(seed: int) -> None:
    rng = np.random.default_rng(seed)
    mask = (rng.random(rng.integers(2, 20, 3)) < 0.6).astype(np.uint8)
    lesion = Lesion(mask, (5, 6, 7), TALL * [[3, 0.8, 0.9, 1]], 0.5)
    places = np.argwhere(mask)
    assert lesion.centroid_mm == tuple(lesion._to_mm(places.mean(0)))
    spread = np.cov((places * lesion.spacing_mm).T) + np.diag(lesion.spacing_mm**2 / 12)
    axes = np.sqrt(np.linalg.eigvalsh(spread))
    assert elongation(lesion) == pytest.approx(axes[2] / axes[1], rel=1e-10)


def test_they_cost_a_few_bytes_a_voxel_where_a_model_marks_a_whole_head() -> None:
    lesion = Lesion(np.ones((60, 80, 80), np.uint8), (0, 0, 0), TALL, 0.5)
    tracemalloc.start()
    try:
        assert elongation(lesion) == pytest.approx(1, abs=0.01)
        assert lesion.centroid_mm == pytest.approx(tuple((TALL @ [29.5, 39.5, 39.5, 1])[:3]))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak / lesion.mask.size < 4  # by the voxels' places: 48


def test_where_a_model_marks_all_that_is_bright_no_vessel_is_looked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def never(*_images: object, **_how: object) -> None:
        raise AssertionError("a filter ran over what is painted over")

    monkeypatch.setattr("inference.explain.vessels._tubeness", never)
    assert vessel_distance_mm(head(8), np.ones((SIDE,) * 3, bool)) == REACH_MM
