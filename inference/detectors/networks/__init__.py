"""Networks of the detector families: MONAI's where it has them, the field's other ideas in short.

Every network takes (B, 4, D, H, W), the channels of `inference.preprocess.ROLES`, and answers with
logits (B, 1, D, H, W). One that learns in its own way (boxes, stages, slices) has `loss(voxels,
target)`; the others are trained by the loss that their recipe names.
"""
