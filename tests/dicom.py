"""Small DICOM series made on the spot, with identifiers planted where scanners put them."""

from pathlib import Path
from typing import Any

import highdicom as hd
import numpy as np
import pydicom
from pydicom import Dataset
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.sr.codedict import codes
from pydicom.uid import UID, ExplicitVRLittleEndian, MRImageStorage, generate_uid

CANARIES = ("Zyxwv^Quirin", "PAT-998877", "19540321", "Dr^Kestrel", "ACC-445566", "Mondavia Clinic")
MR = MRImageStorage
AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


def image(
    *,
    number: int = 1,
    position: tuple[float, float, float] = (0.0, 0.0, 0.0),
    cosines: tuple[float, ...] = AXIAL,
    pixels: np.ndarray | None = None,
    uids: tuple[str, str] = ("1.2.3.4", "1.2.3.4.5"),
    **elements: Any,
) -> FileDataset:
    """One MR image as a scanner would send it, identifiers and all."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = MR
    meta.MediaStorageSOPInstanceUID = UID(f"{uids[1]}.{number}")
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    pixels = np.full((16, 12), number, np.uint16) if pixels is None else pixels
    values = {
        "SOPClassUID": MR, "SOPInstanceUID": meta.MediaStorageSOPInstanceUID,
        "StudyInstanceUID": uids[0], "SeriesInstanceUID": uids[1],
        "FrameOfReferenceUID": f"{uids[0]}.9", "Modality": "MR", "Manufacturer": "ACME",
        "ImageType": ["ORIGINAL", "PRIMARY", "M", "ND"], "SeriesNumber": 3,
        "InstanceNumber": number, "ImagePositionPatient": list(position),
        "ImageOrientationPatient": list(cosines), "PixelSpacing": [0.9, 1.1],
        "SliceThickness": 2.0, "Rows": pixels.shape[0], "Columns": pixels.shape[1],
        "SamplesPerPixel": 1, "PhotometricInterpretation": "MONOCHROME2", "BitsAllocated": 16,
        "BitsStored": 16, "HighBit": 15, "PixelRepresentation": int(pixels.dtype.kind == "i"),
        "ScanningSequence": "GR", "SequenceVariant": "SP", "ScanOptions": "",
        "MRAcquisitionType": "3D", "EchoTime": 3.1, "RepetitionTime": 7.8, "EchoTrainLength": 1,
        "PatientName": CANARIES[0], "PatientID": CANARIES[1], "PatientBirthDate": CANARIES[2],
        "ReferringPhysicianName": CANARIES[3], "AccessionNumber": CANARIES[4],
        "InstitutionName": CANARIES[5], "StudyDate": CANARIES[2], "PatientSex": "F",
        "SeriesDescription": f"T1 MPRAGE post KM {CANARIES[0]}", "PixelData": pixels.tobytes(),
    }  # fmt: skip
    for keyword, value in {**values, **elements}.items():
        setattr(data, keyword, value)
    data.add_new(0x00290010, "LO", "ACME PRIVATE")
    data.add_new(0x00291001, "LO", CANARIES[0])
    item = Dataset()
    item.PatientID = CANARIES[1]
    data.RequestAttributesSequence = [item]
    return data


def enhanced(pixels: np.ndarray) -> FileDataset:
    """An enhanced multi-frame MR image, a frame each 2 mm."""
    data = image(pixels=pixels[0], SOPClassUID="1.2.840.10008.5.1.4.1.1.4.1")
    data.NumberOfFrames, data.PixelData = len(pixels), pixels.tobytes()
    data.BitsAllocated = data.BitsStored = pixels.itemsize * 8
    data.HighBit = data.BitsStored - 1
    measures, orientation = Dataset(), Dataset()
    measures.PixelSpacing, measures.SliceThickness = [0.9, 1.1], 2.0
    orientation.ImageOrientationPatient = list(AXIAL)
    shared = Dataset()
    shared.PixelMeasuresSequence, shared.PlaneOrientationSequence = [measures], [orientation]
    data.SharedFunctionalGroupsSequence = [shared]
    groups = []
    for number in range(len(pixels)):
        place, group = Dataset(), Dataset()
        place.ImagePositionPatient = [0.0, 0.0, 2.0 * number]
        group.PlanePositionSequence = [place]
        groups.append(group)
    data.PerFrameFunctionalGroupsSequence = groups
    return data


def save(data: FileDataset, path: Path) -> Path:
    """Write an image as a Part 10 file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data.save_as(path, enforce_file_format=True)
    return path


def series(
    folder: Path,
    *,
    description: str = "T1 MPRAGE post KM",
    count: int = 10,
    spacing: float = 2.0,
    cosines: tuple[float, ...] = AXIAL,
    study: str | None = None,
    seed: int = 0,
    **elements: Any,
) -> list[Path]:
    """A series of `count` slices along the normal, its files in an order that is not theirs."""
    rng = np.random.default_rng(seed)
    uids = (study or generate_uid(prefix=None), generate_uid(prefix=None))
    normal = np.cross(cosines[:3], cosines[3:])
    paths = []
    for number in range(1, count + 1):
        x, y, z = (float(each) for each in normal * spacing * (number - 1))
        pixels = rng.integers(0, 900, (16, 12)).astype(np.uint16)
        data = image(
            number=number, position=(x, y, z), cosines=cosines, pixels=pixels, uids=uids,
            SeriesDescription=description, **elements,
        )  # fmt: skip
        paths.append(save(data, folder / f"{(number * 7) % (count + 1):03d}-{uids[1][-6:]}.dcm"))
    return paths


def examination(folder: Path, **elements: Any) -> Path:
    """A folder with the four series of a brain MRI."""
    study = generate_uid(prefix=None)
    for seed, name in enumerate(("T1 MPRAGE post KM", "T1 MPRAGE", "T2 TSE", "FLAIR")):
        series(
            folder / name.replace(" ", "-"), description=name, study=study, seed=seed, **elements
        )
    return folder


def segmentation(t1c: Path, path: Path) -> np.ndarray:
    """As others draw it on the hospital's own files: one lesion of 2 x 3 x 2 voxels.

    It has the hospital's UIDs and the patient's name. Answers its voxels (slice, row, column).
    """
    images = [pydicom.dcmread(each) for each in t1c.iterdir()]
    images.sort(key=lambda each: float(each.ImagePositionPatient[2]))
    for each in images:
        each.StudyID, each.StudyTime = "1", "101500"
    mask = np.zeros((len(images), 16, 12), np.uint8)
    mask[4:6, 3:6, 7:9] = 1
    seg = hd.seg.Segmentation(
        source_images=images,
        pixel_array=mask,
        segmentation_type=hd.seg.SegmentationTypeValues.BINARY,
        segment_descriptions=[
            hd.seg.SegmentDescription(
                segment_number=1,
                segment_label="Metastasis",
                segmented_property_category=codes.SCT.MorphologicallyAbnormalStructure,
                segmented_property_type=codes.SCT.Neoplasm,
                algorithm_type=hd.seg.SegmentAlgorithmTypeValues.AUTOMATIC,
                algorithm_identification=hd.AlgorithmIdentificationSequence(
                    name="acme-detect", version="3.1", family=codes.cid7162.ArtificialIntelligence
                ),
            )
        ],
        series_instance_uid=generate_uid(),
        series_number=9,
        sop_instance_uid=generate_uid(),
        instance_number=1,
        manufacturer="Acme",
        manufacturer_model_name="Detect",
        software_versions="3.1",
        device_serial_number="1",
    )
    seg.save_as(path)
    return mask
