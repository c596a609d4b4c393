"""The words of `words` in Chinese: same probabilities, same limits."""

from collections.abc import Mapping

from inference.classify.words import Probabilities, figure

_CLASSES = {
    "metastasis": "转移瘤", "glioblastoma": "胶质母细胞瘤", "lung": "肺", "breast": "乳腺",
    "melanoma": "黑色素瘤", "other": "其他原发灶", "necrosis": "放射性坏死", "recurrence": "复发",
}  # fmt: skip
_LEADS = {"tumour": "", "primary": "若为转移瘤，原发为", "treated": "若曾放疗，"}
_FULL_LEADS = {
    "tumour": "类型判断为", "primary": "若为转移瘤，其原发部位判断为",
    "treated": "若该处曾接受放疗，判断为",
}  # fmt: skip


def short_text(found: Probabilities) -> str:
    """One line: the likelier of each question's answers."""
    said = "；".join(_LEADS[name] + _first(found[name]) for name in _LEADS if name in found)
    return f"若确为病灶：{said}（学自合成病灶）。"


def full_text(found: Probabilities) -> str:
    """Sentences with every probability, and what they are worth."""
    said = "；".join(_FULL_LEADS[name] + _all(found[name]) for name in _FULL_LEADS if name in found)
    return (
        f"若确为病灶：{said}。"
        "是否为病灶在此只是假定：并非病灶者也会得到这样的概率。"
        "这些概率学自合成病灶，其类型之间的差异按教科书所述的平均表现设定；"
        "在患者中有多少判断正确并不清楚，其他类型的病灶也不在答案之内。"
    )


def _first(answers: Mapping[str, float]) -> str:
    name = max(answers, key=lambda each: answers[each])
    return f"{_CLASSES[name]} {figure(answers[name])}"


def _all(answers: Mapping[str, float]) -> str:
    ordered = sorted(answers, key=lambda each: -answers[each])
    return "，".join(f"{_CLASSES[each]} {figure(answers[each])}" for each in ordered)
