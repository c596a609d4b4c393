"""C10: The imaging protocol as data: each check passes, warns or fails, and says why."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from readerstudy.imaging.geometry import Frame, Stack
from readerstudy.imaging.protocol import Protocol
from readerstudy.imaging.quality import Checked, findings, verdict
from readerstudy.imaging.roles import role_of
from tests import dicom

SAGITTAL = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)


def series(role: str = "t1c", *, at: Any = None, **acquisition: Any) -> Checked:
    """A sound series of 60 slices, 3 mm thick and 3 mm apart."""
    places = np.arange(60) * 3.0 if at is None else np.asarray(at, float)
    frames = tuple(Frame(n, 0, (0.0, 0.0, float(z))) for n, z in enumerate(places))
    stack = Stack(256, 240, dicom.AXIAL, (0.9, 0.9), 3.0, frames, ())
    return Checked(role, role.upper(), stack, "1.2", {"field_t": 3.0, **acquisition})


ALL = [series(role) for role in ("t1c", "t1", "t2", "flair")]


def asked(**limits: Any) -> Protocol:
    return Protocol.of({"sequences": {"t1c": {"need": "required", **limits}}})


def of_t1c(stack: dict[str, Any]) -> Checked:
    one = series()
    return replace(one, stack=replace(one.stack, **stack))


def test_an_examination_as_it_should_be_passes() -> None:
    assert findings(ALL) == []
    assert verdict([]) == "pass"


@pytest.mark.parametrize(
    ("made", "protocol", "check", "words"),
    [
        (of_t1c({"thickness_mm": 7.0}), Protocol(), "thickness", "at most 6 mm"),
        (series(at=np.arange(60) * 5.0), asked(max_gap_mm=1.0), "gap", "2.0 mm between slices"),
        (series(), asked(min_matrix=256), "matrix", "256 x 240"),
        (series(), asked(max_pixel_mm=0.8), "matrix", "0.90 mm"),
        (series(), asked(min_coverage_mm=200.0), "coverage", "cover 180 mm"),
        (series(), asked(orientation="sagittal"), "orientation", "it is axial, not sagittal"),
        (series(field_t=0.5), Protocol(min_field_t=1.5), "field", "0.5 T (at least 1.5 T)"),
        (series(field_t=7.0), Protocol(max_field_t=3.0), "field", "7 T (at most 3 T)"),
        (series(), Protocol(needs_agent=True), "contrast", "no contrast agent"),
        (series(delay_s=60.0), Protocol(min_delay_s=240.0), "delay", "60 s after contrast"),
        (series(delay_s=3000.0), Protocol(max_delay_s=1200.0), "delay", "3000 s after contrast"),
        (series(at=np.arange(5) * 3.0), Protocol(), "slices", "only 5 slices"),
        (series(tilt_degrees=-12.0), Protocol(), "tilt", "tilted by -12 degrees"),
        (series(at=[0, 3, 6, 9, 15, *range(18, 60, 3)]), Protocol(), "completeness", "1 slice is"),
        (series(at=[0, 3, 6, 9, 13, *range(16, 60, 3)]), Protocol(), "spacing", "not evenly"),
        (of_t1c({"problems": ("two frames at one place",)}), Protocol(), "geometry", "one place"),
        (replace(series(), frame_of_reference="9"), Protocol(), "frame_of_reference", "share"),
    ],
    ids=lambda each: each if isinstance(each, str) and " " not in each else "",
)  # fmt: skip
def test_what_is_outside_a_limit_warns_or_fails_as_the_protocol_says(
    made: Checked, protocol: Protocol, check: str, words: str
) -> None:
    rest = ALL[1:]
    found = findings([made, *rest], protocol)
    assert [each.check for each in found] == [check]
    assert words in found[0].words
    assert found[0].verdict == ("fail" if check == "completeness" else "warn")
    strict = replace(protocol, fails=frozenset([check]))
    assert verdict(findings([made, *rest], strict)) == "fail"
    lenient = replace(protocol, fails=frozenset())
    assert verdict(findings([made, *rest], lenient)) == "warn"


def test_needed_sequences_fail_expected_ones_warn_and_others_are_nobodys_concern() -> None:
    assert [each.words for each in findings(ALL[1:])] == ["There is no T1 with contrast series."]
    assert verdict(findings(ALL[:1])) == "warn"
    assert verdict(findings(ALL[:1], asked())) == "warn"
    scout = replace(series("other", at=[0, 40, 90]), frame_of_reference="other")
    assert findings([*ALL, scout]) == []
    assert findings([series("ct")]) == []


def test_a_protocol_comes_back_as_it_was_kept() -> None:
    protocol = asked(words=["KM", "METS"], max_gap_mm=0.5)
    assert Protocol.of(protocol.as_dict()) == protocol
    assert Protocol.of({}) == Protocol()


@pytest.mark.parametrize(
    "saved",
    [
        {"colour": 1}, {"sequences": {"t9": {}}}, {"sequences": {"t1": {"need": "perhaps"}}},
        {"fails": ["luck"]}, {"min_slices": -1}, {"min_field_t": "strong"}, {"min_slices": True},
        {"sequences": {"t1": {"orientation": "oblique"}}},
    ],
)  # fmt: skip
def test_a_protocol_that_cannot_be_is_refused_in_words(saved: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"there is no|is a number"):
        Protocol.of(saved)


# As the vendors' consoles write them; numbers as in their headers (ms).
@pytest.mark.parametrize(
    ("vendor", "description", "hints", "role"),
    [
        ("Siemens", "t1_mprage_sag_iso_Gd", {}, "t1c"),
        ("Siemens", "t1_vibe_tra_fs_KM", {}, "t1c"),
        ("Siemens", "t1_space_sag_p2_iso", {"has_contrast": True}, "t1c"),
        ("Siemens", "t1_tse_tra", {}, "t1"),
        ("Siemens", "t2_blade_tra", {}, "t2"),
        ("Siemens", "t2_space_dark-fluid_sag_p2_iso", {}, "flair"),
        ("Siemens", "t2_tirm_tra_dark-fluid", {}, "flair"),
        ("Siemens", "ep2d_diff_b1000_ADC", {}, "other"),
        ("Siemens", "SWI_Images", {}, "other"),
        ("GE", "Sag CUBE T1 +C", {}, "t1c"),
        ("GE", "Ax BRAVO POST", {}, "t1c"),
        ("GE", "AX T1 FLAIR", {}, "t1"),
        ("GE", "AX T1 FLAIR +C", {}, "t1c"),
        ("GE", "Sag CUBE T2 FLAIR", {}, "flair"),
        ("GE", "Ax T2 PROPELLER", {}, "t2"),
        ("GE", "Ax DWI Asset", {}, "other"),
        ("GE", "3-Plane Localizer", {}, "other"),
        ("Philips", "3D_T1_TFE_GADO", {}, "t1c"),
        ("Philips", "sT1W_3D_TFE_ce", {}, "t1c"),
        ("Philips", "T1W_SE", {}, "t1"),
        ("Philips", "T2W_TSE", {}, "t2"),
        ("Philips", "3D_FLAIR_SENSE", {}, "flair"),
        ("Philips", "Survey_SHC", {}, "other"),
        ("Philips", "pCASL", {"image_type": ["PERFUSION"]}, "other"),
        ("Canon", "T1 3D FFE CE", {}, "t1c"),
        ("Canon", "FLAIR AX", {}, "flair"),
        ("UIH", "t1_gre_fsp_3d_sag+C", {}, "t1c"),
        ("UIH", "t2_fse_tra", {}, "t2"),
        ("Hyperfine", "T2 (Axial)", {}, "t2"),
        ("Hitachi", "", {"echo_ms": 12.0, "repetition_ms": 450.0}, "t1"),
        ("any", "series 4", {"echo_ms": 90.0, "repetition_ms": 4500.0}, "t2"),
        ("any", "", {"echo_ms": 130.0, "repetition_ms": 9000.0, "inversion_ms": 2500.0}, "flair"),
    ],
)  # fmt: skip
def test_sequences_are_recognised_as_each_vendor_writes_them(
    vendor: str, description: str, hints: dict[str, Any], role: str
) -> None:
    assert role_of("MR", {"description": description, **hints}) == role


def test_a_sites_own_words_decide_the_longest_first() -> None:
    words = {"SP": "t2", "SP GD": "t1c"}
    assert role_of("MR", {"description": "ax sp gd"}, words) == "t1c"
    assert role_of("MR", {"description": "T1 SP"}, words) == "t2"
    assert role_of("US", {"description": "SP"}, words) == "other"
