"""The families of detectors that the field has published, each a few lines and a recipe.

The names are of the reviewed papers' methods; the networks follow their ideas at a size that the
bench's budget can train, and are no copies of anybody's code or weights. None but `space-to-depth`
has been trained at budget here (docs/detector-card.md): `python -m inference train --family NAME`.
"""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor, nn

from inference import losses
from inference.detector import Card, Detector
from inference.detectors.archive import Archive
from inference.detectors.compiled import FILES
from inference.preprocess import ROLES, SERIES

Build = Callable[[int], nn.Module]  # of a width in channels
DROPOUT = 0.5  # of DeepMedic (Kamnitsas et al. 2017): its card may say `opinions: dropout`
NETWORK = "network.safetensors"  # of weights that are a folder
_ZIP = b"PK\x03\x04"  # no safetensors begin so: their header would have 64 MiB


@dataclass(frozen=True)
class Family:
    """How a family's network is made and taught.

    Attributes
    ----------
    after
        First authors of the papers whose idea it follows.
    loss
        Of `inference.losses.LOSSES`; a network with a `loss` of its own uses it where it can.
    window
        Voxels along each axis that it sees at once when it detects; None: the whole head.
    inputs
        Roles of the series that it takes, in the order of its channels.
    sampling
        Of `inference.training.adaptive.WAYS`: which cases its training draws patches from.
    patch
        Voxels along each axis of what it learns from; from 224 on a whole head.
    """

    after: str
    width: int = 16
    loss: str = "size-weighted"
    window: int | None = 96
    rate: float = 1e-3
    inputs: tuple[str, ...] = ROLES
    sampling: str = "uniform"
    patch: int = 64


FAMILIES: dict[str, Family] = {}
_BUILDERS: dict[str, Build] = {}  # of untrained networks


def _family(name: str, family: Family) -> Callable[[Build], Build]:
    def add(build: Build) -> Build:
        FAMILIES[name], _BUILDERS[name] = family, build
        return build

    return add


@_family("patch-convnet", Family("Losch"))
def _(width: int) -> nn.Module:
    from inference.detectors.networks.volumes import Rare, chain

    layers = chain(4, [width, width, 2 * width, 2 * width])
    return Rare(nn.Sequential(layers, nn.Conv3d(2 * width, 1, 1)))


@_family("slice-alexnet", Family("Noguchi", window=None))
def _(width: int) -> nn.Module:
    from inference.detectors.networks.planar import SliceClassifier, alexnet_features

    return SliceClassifier(alexnet_features(4, width), 4 * width)


@_family("slice-googlenet", Family("Noguchi", window=None))
def _(width: int) -> nn.Module:
    from inference.detectors.networks.planar import SliceClassifier, googlenet_features

    return SliceClassifier(googlenet_features(4, width), 4 * width)


@_family("slice-cnn", Family("Kottlors", window=None))
def _(width: int) -> nn.Module:
    from inference.detectors.networks.planar import SliceClassifier, plain_features

    return SliceClassifier(plain_features(4, width), 4 * width)


@_family("black-blood-pairs", Family("Kottlors, Park", window=None))
def _(width: int) -> nn.Module:
    from inference.detectors.networks.planar import BlackBloodPairs, plain_features

    return BlackBloodPairs(plain_features(2, width), 4 * width)


@_family("inception-2.5d", Family("Grøvik", window=None))
def _(width: int) -> nn.Module:
    from inference.detectors.networks.planar import Planar, inception_map
    from inference.detectors.networks.volumes import Rare

    return Rare(Planar(inception_map(4 * 5, width), neighbours=2))


@_family("bmds-net", Family("Xue, Yin"))
def _(width: int) -> nn.Module:
    from inference.detectors.networks.staged import SearchThenSegment

    return SearchThenSegment(width, losses.size_weighted_dice_focal)


@_family("cropnet", Family("Dikici", window=None))
def _(width: int) -> nn.Module:
    from inference.detectors.networks.staged import CandidatesThenCrops

    return CandidatesThenCrops(width)


@_family("fcos-3d", Family("Yoo"))
def _(width: int) -> nn.Module:
    from inference.detectors.networks.boxes import Fcos

    return Fcos(width)


@_family("retinanet-3d", Family("Zhang"))
def _(width: int) -> nn.Module:
    from inference.detectors.networks.anchored import RetinaNet

    return RetinaNet(width)


@_family("faster-rcnn-3d", Family("Zhang"))
def _(width: int) -> nn.Module:
    from inference.detectors.networks.regions import FasterRcnn

    return FasterRcnn(width)


@_family("gated-high-resolution", Family("Qu", width=12))
def _(width: int) -> nn.Module:
    from inference.detectors.networks.volumes import GatedHighResolution, Rare

    return Rare(GatedHighResolution(width))


@_family("unet-2d", Family("Rudie, Yoo", width=24, window=None))
def unet_2d(width: int) -> nn.Module:
    """A 2-D U-Net, slice by slice."""
    return _unet_of_slices(width, 0)


@_family("unet-2.5d", Family("Cho, Nomura, Park", width=24, window=None))
def unet_25d(width: int) -> nn.Module:
    """A 2-D U-Net on seven slices."""
    return _unet_of_slices(width, 3)


def _unet_of_slices(width: int, neighbours: int) -> nn.Module:
    from monai.networks.nets.unet import UNet

    from inference.detectors.networks.planar import Planar
    from inference.detectors.networks.volumes import Rare

    inputs = 4 * (2 * neighbours + 1)
    body = UNet(2, inputs, 1, [width, 2 * width, 4 * width, 8 * width], (2, 2, 2), num_res_units=2)
    return Rare(Planar(body, neighbours))


@_family("unet-3d", Family("Rudie, Liang"))
def unet_3d(width: int) -> nn.Module:
    """A residual 3-D U-Net."""
    from monai.networks.nets.unet import UNet

    from inference.detectors.networks.volumes import Rare

    channels = [width, 2 * width, 4 * width, 8 * width]
    return Rare(UNet(3, 4, 1, channels, (2, 2, 2), num_res_units=2))


@_family("unet-volume-aware", Family("Chartrand", loss="volume-aware-dice"))
def _(width: int) -> nn.Module:
    return unet_3d(width)


@_family("unet-fusion", Family("Rudie, Park", width=12))
def _(width: int) -> nn.Module:
    from inference.detectors.networks.volumes import Fusion

    members = [unet_2d(width), unet_25d(width), unet_3d(width)]
    return Fusion(members, losses.size_weighted_dice_focal)


@_family("unets-by-size", Family("Bousabarah"))
def _(width: int) -> nn.Module:
    from inference.detectors.networks.unions import BySize

    return BySize(width, losses.size_weighted_dice_focal)


@_family("patch-and-whole-brain", Family("Ziyaee", window=None, patch=224))
def _(width: int) -> nn.Module:
    from inference.detectors.networks.unions import PatchAndWholeBrain

    return PatchAndWholeBrain(unet_3d(width), width, losses.size_weighted_dice_focal)


@_family("asym-unet", Family("Cao", width=24))
def _(width: int) -> nn.Module:
    from inference.detectors.networks.volumes import Rare, dynamic

    kernels = [[3, 3, 3], [1, 3, 3], [3, 3, 3], [1, 3, 3]]
    return Rare(dynamic(width, kernels, [1, [1, 2, 2], 2, 2]))


@_family("nlmet", Family("Liew", window=64))
def _(width: int) -> nn.Module:
    from inference.detectors.networks.volumes import NonLocalUNet, Rare

    return Rare(NonLocalUNet(width))


@_family("agu-net", Family("Bouget"))
def _(width: int) -> nn.Module:
    from inference.detectors.networks.volumes import AttentionGatedUNet

    return AttentionGatedUNet(width, losses.size_weighted_dice_focal)


@_family("nnu-net", Family("Isensee", width=32))
def nnu_net(width: int) -> nn.Module:
    """DynUNet with the topology that nnU-Net's rules give for 1 mm and 96 voxels."""
    from inference.detectors.networks.volumes import Rare, by_nnunet_rules

    return Rare(by_nnunet_rules(width, (96, 96, 96), (1.0, 1.0, 1.0)))


@_family(
    "nnu-net-adaptive",
    Family("Pflüger, Guo, Yoo", width=32, loss="lesion-wise-dice", sampling="by-loss"),
)
def _(width: int) -> nn.Module:
    return nnu_net(width)


@_family("deepmedic", Family("Kamnitsas, Liu, Charron, Jünger", width=24))
def _(width: int) -> nn.Module:
    from inference.detectors.networks.field import Cleaned
    from inference.detectors.networks.volumes import MultiScalePathways

    return Cleaned(MultiScalePathways(width, (1, 3), dropout=DROPOUT))


@_family("deepmedic-plus", Family("Huang", width=24, loss="jvss"))
def _(width: int) -> nn.Module:
    from inference.detectors.networks.volumes import MultiScalePathways, Rare

    return Rare(MultiScalePathways(width, (1, 3, 5), dropout=DROPOUT))


@_family("unet-and-deepmedic", Family("Hu"))
def _(width: int) -> nn.Module:
    from inference.detectors.networks.volumes import Fusion, MultiScalePathways, Rare

    members = [unet_3d(width), Rare(MultiScalePathways(width, (1, 3)))]
    return Fusion(members, losses.size_weighted_dice_focal)


@_family("dual-pathway", Family("Lee"))
def _(width: int) -> nn.Module:
    from inference.detectors.networks.volumes import EnhancementPathways, Rare

    return Rare(EnhancementPathways(width))


@_family("two-stage", Family("Li"))
def _(width: int) -> nn.Module:
    from inference.detectors.networks.staged import ProposeThenSuppress

    return ProposeThenSuppress(width, losses.size_weighted_dice_focal)


@_family("swin-unetr", Family("Hatamizadeh", width=24, window=64))
def _(width: int) -> nn.Module:
    from monai.networks.nets.swin_unetr import SwinUNETR

    from inference.detectors.networks.volumes import Rare

    # A transformer's heads need multiples of 12 features.
    size = max(12, width // 12 * 12)
    return Rare(SwinUNETR(4, 1, feature_size=size, depths=(1, 1, 1, 1), window_size=4))


@_family("space-to-depth", Family("Isensee; this project", width=32, window=None, rate=3e-3))
def _(width: int) -> nn.Module:
    from inference.detectors.space_to_depth import build

    return build(width=width)


@_family("ct-unet-position-attention", Family("of CT", window=64, inputs=("ct",)))
def _(width: int) -> nn.Module:
    from inference.detectors.networks.volumes import PositionAttentionUNet, Rare

    return Rare(PositionAttentionUNet(width, 1))


@_family("ct-mask-rcnn-crf", Family("of CT", window=64, inputs=("ct",)))
def _(width: int) -> nn.Module:
    from inference.detectors.networks.masked import MaskRcnn

    return MaskRcnn(width, 1)


@_family("ct-mr-fusion", Family("of CT and MR", window=64, inputs=SERIES))
def _(width: int) -> nn.Module:
    from inference.detectors.networks.volumes import PositionAttentionUNet, Rare

    return Rare(PositionAttentionUNet(width, len(SERIES)))


def build(name: str, width: int | None = None) -> nn.Module:
    """A family's untrained network; a `ValueError` names the families there are."""
    family = family_of(name)
    return _BUILDERS[name](width or family.width)


def family_of(name: str) -> Family:
    """A family's recipe; a `ValueError` names those there are."""
    if name not in FAMILIES:
        raise ValueError(f"no family {name!r}; there are: {', '.join(sorted(FAMILIES))}")
    return FAMILIES[name]


def filled(name: str, weights: bytes) -> nn.Module:
    """A family's network with packed weights (safetensors): no counters, shared layers once.

    Raises
    ------
    ValueError
        For what is no such file.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load as load_tensors

    network = build(name)
    try:
        state = {key: tensor.float() for key, tensor in load_tensors(weights).items()}
    except SafetensorError as wrong:
        raise ValueError(f"the weights are no safetensors: {wrong}") from wrong
    empty = network.state_dict()
    packed = {identity(empty[key]): state[key] for key in state if key in empty}
    for key, tensor in empty.items():
        if key.endswith("num_batches_tracked"):
            state.setdefault(key, tensor)
        elif (same := packed.get(identity(tensor))) is not None:
            state.setdefault(key, same)
    network.load_state_dict(state)
    return network


def identity(tensor: Tensor) -> object:
    """What the names of one layer's tensor in a network have in common, and those of no other."""
    return tensor.data_ptr(), tensor.shape, tensor.stride()


def load(card: Card, weights: bytes, device: str | None) -> Detector:
    """Build a family's network and fill in checked weights.

    A file of safetensors, or a folder of that (`NETWORK`) and of 8-bit integers (`compiled.FILES`).
    """
    from inference.detectors.voxelwise import VoxelwiseDetector, chosen_device

    family = family_of(card.family)
    network, int8 = parts(weights)
    made = VoxelwiseDetector(
        card,
        filled(card.family, network),
        chosen_device(device),
        window=family.window,
        opinions=card.options.get("opinions", "mirror"),
        inputs=family.inputs,
    )
    made.int8 = int8
    return made


def parts(weights: bytes) -> tuple[bytes, tuple[bytes, bytes] | None]:
    """The network's safetensors, and its two files in 8-bit integers where it has them."""
    if not weights.startswith(_ZIP):
        return weights, None
    archive = Archive(weights, NETWORK)
    words, numbers = map(archive.read, FILES)
    return archive.read(NETWORK), (words, numbers)
