"""The words of `words` in Chinese: same features, same limits."""

from inference.explain.basis import Basis
from inference.explain.similar import Similar
from inference.explain.vessels import REACH_MM
from inference.explain.words import NAMED, NEAR_VESSEL_MM, UNCALIBRATED, UNSURE, Features
from inference.lesions import Lesion

_SERIES = {"t1c": "增强 T1", "t1": "T1", "t2": "T2", "flair": "FLAIR", "ct": "CT"}
_OPINIONS = {"mirror": "（各含镜像图像）", "dropout": "（各含随机丢弃）"}
_KINDS = {"solid": "实性", "ring": "环形强化", "haemorrhagic": "出血性"}


def short_text(lesion: Lesion, features: Features, similar: Similar | None = None) -> str:
    """One line."""
    parts = [f"{_kind(features)}灶，{lesion.diameter_mm:.0f} mm", f"p {lesion.probability:.2f}"]
    if features.get("oedema_percent", 0) >= 15:
        parts.append("水肿")
    if features["elongation"] >= 2:
        parts.append("细长：血管？")
    elif features["vessel_mm"] <= NEAR_VESSEL_MM:
        parts.append(f"距血管 {features['vessel_mm']:.0f} mm")
    if similar is not None:
        parts.append(f"相似者（仿体）{similar.count} 例中 {similar.true} 例为病灶")
    return "；".join(parts)


def full_text(
    lesion: Lesion, features: Features, similar: Similar | None = None, reference: str = "t1c",
    basis: Basis = UNCALIBRATED,
) -> str:  # fmt: skip
    """Sentences that say what was seen and what speaks against it."""
    return "".join(
        (
            f"{_kind(features)}灶，直径 {lesion.diameter_mm:.1f} mm，",
            f"体积 {features['volume_mm3']:.0f} mm³，",
            f"在{_SERIES[reference]}上{_contrast(features)}。",
            *([_uptake(features)] if reference == "t1c" else []),
            *_surroundings(features),
            _shape(features),
            _vessel(features),
            *_alike(similar),
            *_rests_on(lesion),
            _certainty(lesion, basis),
        )
    )


def outside_short(lesion: Lesion) -> str:
    """One line, of a lesion outside of where features are measured."""
    return f"{lesion.diameter_mm:.0f} mm；p {lesion.probability:.2f}；位于所分析的头部之外"


def outside_full(lesion: Lesion, basis: Basis = UNCALIBRATED) -> str:
    """Sentences, of a lesion outside of where features are measured."""
    return "".join(
        (
            f"病灶直径 {lesion.diameter_mm:.1f} mm，体积 {lesion.volume_mm3:.0f} mm³，",
            "位于测量对比与周围的头部区域之外：请看它是否在脑内。",
            *_rests_on(lesion),
            _certainty(lesion, basis),
        )
    )


def _kind(features: Features) -> str:
    return "环形强化" if features["core_to_rim"] < 0.6 else "强化"


def _contrast(features: Features) -> str:
    strength = features["contrast_sd"]
    return "明显亮于周围" if strength > 3 else "亮于周围" if strength > 1 else "略亮于周围"


def _uptake(features: Features) -> str:
    if "uptake_sd" not in features:
        return "没有平扫 T1，无法区分强化与出血或脂肪。"
    if features["uptake_sd"] > 0.8:
        return "平扫不亮：亮度来自强化。"
    return "平扫已亮：请考虑出血成分。"


def _surroundings(features: Features) -> list[str]:
    if "oedema_percent" not in features:
        return []
    share = features["oedema_percent"]
    if share >= 15:
        return [f"FLAIR 上周围 {share:.0f} % 呈高信号，如血管源性水肿。"]
    return ["FLAIR 上周围未见水肿；小转移灶常无水肿。"]


def _shape(features: Features) -> str:
    if features["elongation"] >= 2:
        return "形状细长：请在相邻层面追踪；血管会延续。"
    return "形状紧凑：血管横断面也如此，请查看相邻层面。"


def _vessel(features: Features) -> str:
    distance = features["vessel_mm"]
    if distance >= REACH_MM:
        return f"{REACH_MM:.0f} mm 范围内没有血管样结构。"
    if distance == 0:
        return "有血管样结构与其相接：请看它是否继续延伸。"
    told = "：请看是否为其分支或弯曲" if distance <= NEAR_VESSEL_MM else ""
    return f"最近的血管样结构距其边缘 {distance:.0f} mm{told}。"


def _alike(similar: Similar | None) -> list[str]:
    if similar is None:
        return []
    named = [f"{_KINDS.get(name, name)} {n}" for name, n in similar.kinds.items()]
    kinds = f"（{'，'.join(named)}）" if named else ""
    return [
        (
            f"训练数据中按这些特征与其最相似的 {similar.count} 个提示里，{similar.true} 个是病灶"
            f"{kinds}，{similar.count - similar.true} 个不是；这些数据是合成头部，不是患者。"
        )
    ]


def _rests_on(lesion: Lesion) -> list[str]:
    if lesion.heat is None or not lesion.heat.shares:
        return []
    shares = sorted(lesion.heat.shares.items(), key=lambda each: -each[1])
    named = [f"{_SERIES[role]} {100 * share:.0f} %" for role, share in shares if share >= NAMED]
    return [f"按热图，检测器的判断依据为{'、'.join(named)}。"]


def _certainty(lesion: Lesion, basis: Basis) -> str:
    kind = "校准概率" if basis.is_calibrated else "概率（未经校准）"
    text = f"检测器的{kind}为 {lesion.probability:.2f}"
    if lesion.uncertainty is not None and lesion.uncertainty >= UNSURE:
        spread = f"{_opinions(basis)}相差 {lesion.uncertainty:.2f}"
        is_mirror = basis.networks == 1 and basis.opinions == "mirror"
        meaning = "（仅示该概率可能的变动，并非第二意见）" if is_mirror else ""
        return f"{text}；{spread}{meaning}。"
    return f"{text}。"


def _opinions(basis: Basis) -> str:
    if basis.networks == 1:
        return "随机丢弃神经元的各次结果" if basis.opinions == "dropout" else "镜像图像"
    kind = "折网络" if basis.are_folds else "个成员网络"
    return f"{basis.networks} {kind}{_OPINIONS.get(basis.opinions, '')}"
