"""How published data sets of brain metastases lie on disk. Pure.

Which file is which sequence was taken from the data sets' own descriptions; users have the data,
nothing of it is here.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

NIFTI = (".nii.gz", ".nii")
SIDECAR, SLICE = ".json", ".png"
MAX_DEPTH = 16
_NAME = re.compile(r"(?!\.)[\w .()+=@-]{1,60}")


@dataclass(frozen=True)
class Case:
    """One examination: its sequences by role and the masks of its metastases.

    Attributes
    ----------
    images : mapping
        Role (`t1c`, ...) -> NIfTI file or folder of slices.
    name : str
        One in its data set; where folders have any name, the path from the data set's root.
    masks : tuple of Path
        On the grid of `t1c`; every voxel that is not 0 is metastasis in one of them. None: the
        data set says nothing of this examination.
    """

    name: str
    patient: str
    images: Mapping[str, Path]
    masks: tuple[Path, ...]


Layout = Callable[[Path], Iterator[Case]]
# What a series is called, so that its role is found as it is in a scanner's series.
DESCRIPTIONS = {"t1c": "T1 post contrast", "t1": "T1 pre", "t2": "T2", "flair": "T2 FLAIR"}


def _folders(root: Path) -> list[Path]:
    return sorted(each for each in root.rglob("*") if each.is_dir() and not each.is_symlink())


def _case(name: str, patient: str, images: Mapping[str, Path], masks: list[Path]) -> Case:
    there = {role: path for role, path in images.items() if path.exists()}
    return Case(name, patient, there, tuple(path for path in masks if path.exists()))


def ucsf(root: Path) -> Iterator[Case]:
    """UCSF-BMSR: `<ID>/<ID>_T1post.nii.gz` and the like; the letter of an ID is the time point."""
    for folder in _folders(root):
        name = folder.name
        images = {
            "t1c": folder / f"{name}_T1post.nii.gz", "t1": folder / f"{name}_T1pre.nii.gz",
            "flair": folder / f"{name}_FLAIR.nii.gz",
        }  # fmt: skip
        if images["t1c"].exists():
            patient = name.rstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
            yield _case(name, patient, images, [folder / f"{name}_seg.nii.gz"])


def stanford(root: Path) -> Iterator[Case]:
    """BrainMetShare: `Mets_<n>/{0,1,2,3,seg}`: slices as PNG, or `volume.nii.gz` made of them."""
    for folder in (each for each in _folders(root) if each.name.startswith("Mets_")):

        def at(name: str, folder: Path = folder) -> Path:
            volume = folder / name / "volume.nii.gz"
            return volume if volume.exists() else folder / name

        images = {"t1c": at("0"), "t1": at("1"), "flair": at("3")}
        if not images["t1c"].exists():
            images["t1c"] = at("2")
        yield _case(folder.name, folder.name, images, [at("seg")])


def bcbm(root: Path) -> Iterator[Case]:
    """BCBM-RadioGenomics: `<scan>/<scan>_image_ss_n4.nii.gz`, a mask a lesion `<scan>_mask_*`."""
    for path in sorted(root.rglob("*_image_ss_n4.nii.gz")):
        name = path.name.removesuffix("_image_ss_n4.nii.gz")
        masks = sorted(path.parent.glob(f"{name}_mask_*.nii.gz"))
        yield _case(name, name.rsplit("-", 1)[0], {"t1c": path}, masks)


def nyumets(root: Path) -> Iterator[Case]:
    """NYUMets-Brain: `patientId/<p>/studyId/<s>/{T1,CT1,T2,FLAIR,RTSTRUCT_MRI}.nii.gz`."""
    for folder in (each for each in _folders(root) if each.parent.name == "studyId"):
        planned = folder / "RTSTRUCT_MRI.nii.gz"  # what the masks were drawn on
        images = {
            "t1c": planned if planned.exists() else folder / "CT1.nii.gz",
            "t1": folder / "T1.nii.gz", "t2": folder / "T2.nii.gz",
            "flair": folder / "FLAIR.nii.gz",
        }  # fmt: skip
        patient = folder.parent.parent.name
        yield _case(
            f"{patient}-{folder.name}", patient, images, [folder / "RTSTRUCT_segmentation.nii.gz"]
        )


def own(root: Path) -> Iterator[Case]:
    """A folder a case: `t1c.nii.gz`, `t1`, `t2`, `flair`, each with a side-car, and `seg*`."""
    for folder in _folders(root):
        images = {
            role: folder / f"{role}{end}"
            for role in DESCRIPTIONS
            for end in NIFTI
            if (folder / f"{role}{end}").exists()
        }
        if images:
            name = folder.relative_to(root).as_posix()  # another site or patient may have `anat`
            yield _case(name, name, images, sorted(folder.glob("seg*.nii*")))


LAYOUTS: dict[str, Layout] = {
    "ucsf-bmsr": ucsf,
    "brainmetshare": stanford,
    "bcbm-radiogenomics": bcbm,
    "nyumets": nyumets,
    "folders": own,
}


def place_of(name: str) -> PurePosixPath | None:
    """Where a file that was sent under that name lies in its data set.

    None for what is no part of one (by its ending), and for names that lead elsewhere.
    """
    parts = [each for each in name.replace("\\", "/").split("/") if each not in {"", "."}]
    if not 0 < len(parts) <= MAX_DEPTH or not all(map(_NAME.fullmatch, parts)):
        return None
    *folders, last = [each.lower().endswith((*NIFTI, SIDECAR, SLICE)) for each in parts]
    return PurePosixPath(*parts) if last and not any(folders) else None


def recognise(root: Path) -> list[tuple[str, Case]]:
    """Every examination under a folder, whatever its layout, in the order of their folders."""
    found = [
        (layout, case) for layout, read in LAYOUTS.items() for case in read(root) if case.images
    ]
    return sorted(found, key=lambda each: (str(min(each[1].images.values())), each[0]))


def unclaimed(root: Path, cases: Iterable[Case]) -> int:
    """How many files under a folder no examination uses."""
    used: set[Path] = set()
    for case in cases:
        for path in (*case.images.values(), *case.masks):
            used |= {path, sidecar_of(path), *(path.glob(f"*{SLICE}") if path.is_dir() else ())}
    return sum(1 for each in root.rglob("*") if each.is_file() and each not in used)


def sidecar_of(path: Path) -> Path:
    """Where the BIDS side-car of a NIfTI file lies, if it has one."""
    name = path.name.removesuffix(".gz").removesuffix(".nii")
    return path.with_name(f"{name}{SIDECAR}")
