"""How this folder was made: nnU-Net 2.8.1 planned, trained and predicted; run it where that is.

    export nnUNet_raw=... nnUNet_preprocessed=... nnUNet_results=...
    python make.py data $nnUNet_raw
    nnUNetv2_plan_and_preprocess -d 501 -c 3d_fullres     # then features_per_stage: 4, 8, 16, 16
    nnUNetv2_train 501 3d_fullres all -tr nnUNetTrainerTiny -device cpu
    python make.py answers FOLDER
    python make.py prepared FOLDER

`nnUNetTrainerTiny` is nnU-Net's trainer with 2 epochs of 50 steps and a rate of 0.03. Heads are
ellipsoids of noise with three bright balls (metastases) in dim ones (oedema on FLAIR); those that
the kept folder learnt from were not rounded.
"""

import json
import sys
from pathlib import Path

import numpy as np

CASES = {  # name: spacing in mm and shape (z, y, x); the plans' spacing is 2, 1.5, 1.5
    "as planned": ((2.0, 1.5, 1.5), (34, 48, 46)),
    "finer in plane": ((3.0, 1.2, 1.2), (22, 60, 56)),
    "thick slices": ((5.0, 1.2, 1.2), (14, 60, 56)),
}
TRAINING = ((2.0, 1.5, 1.5), (28, 44, 40))


def head(seed, spacing, shape):
    """T1c, FLAIR and labels of a head of integers."""
    rng = np.random.default_rng(seed)
    at = np.moveaxis(np.indices(shape), 0, -1) * np.array(spacing)
    middle = np.array(shape) * np.array(spacing) / 2
    inside = np.linalg.norm((at - middle) / np.array([24, 30, 27]), axis=-1) < 1
    t1c = np.where(inside, 100 + rng.normal(0, 6, shape), 0)
    flair = np.where(inside, 80 + rng.normal(0, 6, shape), 0)
    label = np.zeros(shape, np.uint8)
    for _ in range(3):
        far = np.linalg.norm(at - middle - rng.uniform(-14, 14, 3), axis=-1)
        radius = rng.uniform(3, 6)
        oedema, lesion = (far < radius + 3) & inside, (far < radius) & inside
        label[oedema & (label == 0)] = 2
        flair[oedema] += 60
        label[lesion] = 1
        t1c[lesion] += 120
    return np.round(t1c).astype(np.int16), np.round(flair).astype(np.int16), label


def data(root):
    """Five heads as nnU-Net's raw data set 501."""
    import SimpleITK as sitk  # noqa: N813 -- as its own documentation

    raw = Path(root) / "Dataset501_Mets"
    for name in ("imagesTr", "labelsTr"):
        (raw / name).mkdir(parents=True)
    for seed in range(5):
        t1c, flair, label = head(seed, *TRAINING)
        names = (
            f"imagesTr/case_{seed}_0000",
            f"imagesTr/case_{seed}_0001",
            f"labelsTr/case_{seed}",
        )
        for name, voxels in zip(names, (t1c, flair, label), strict=True):
            image = sitk.GetImageFromArray(voxels)
            image.SetSpacing(TRAINING[0][::-1])
            sitk.WriteImage(image, str(raw / f"{name}.nii.gz"))
    labels = {"background": 0, "metastasis": 1, "oedema": 2}
    about = {"channel_names": {"0": "T1-Gd", "1": "FLAIR"}, "labels": labels, "numTraining": 5}
    (raw / "dataset.json").write_text(json.dumps(about | {"file_ending": ".nii.gz"}))


def answers(folder):
    """What nnU-Net's own predictor says of three heads: the probability of a metastasis."""
    import torch
    from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor

    predictor = nnUNetPredictor(
        use_mirroring=False, perform_everything_on_device=False, device=torch.device("cpu")
    )
    predictor.initialize_from_trained_model_folder(folder, use_folds=("all",))
    kept = {}
    for name, (spacing, shape) in CASES.items():
        t1c, flair, _ = head(77, spacing, shape)
        images = np.stack([t1c, flair]).astype(np.float32)
        _, found = predictor.predict_single_npy_array(
            images, {"spacing": list(spacing)}, None, None, save_or_return_probabilities=True
        )
        kept |= {f"{name}, t1c": t1c, f"{name}, flair": flair, f"{name}, spacing": spacing}
        kept[f"{name}, metastasis"] = found[1].astype(np.float32).round(3).astype(np.float16)
    np.savez_compressed(Path(__file__).with_name("answers.npz"), **kept)


def prepared(folder):
    """What nnU-Net's preprocessing makes of the three heads: every sixth slice."""
    from nnunetv2.preprocessing.preprocessors.default_preprocessor import DefaultPreprocessor
    from nnunetv2.utilities.plans_handling.plans_handler import PlansManager

    plans, dataset = (
        json.loads((Path(folder) / name).read_text()) for name in ("plans.json", "dataset.json")
    )
    manager = PlansManager(plans)
    settings = manager.get_configuration("3d_fullres")
    kept = {}
    for name, (spacing, shape) in CASES.items():
        t1c, flair, _ = head(77, spacing, shape)
        images = np.stack([t1c, flair]).astype(np.float32)
        made, _, _ = DefaultPreprocessor(verbose=False).run_case_npy(
            images, None, {"spacing": list(spacing)}, manager, settings, dataset
        )
        kept[name] = made[:, ::6]
    np.savez_compressed(Path(__file__).with_name("prepared.npz"), **kept)


if __name__ == "__main__":
    {"data": data, "answers": answers, "prepared": prepared}[sys.argv[1]](sys.argv[2])
