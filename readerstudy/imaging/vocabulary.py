"""Words of ours for the free texts of scanners: what is not a known word is dropped. Pure.

The "Clean Descriptors" option of PS3.15 Annex E.3.5, done by allow-list: a technician may have
typed a name, a place or a date into any of these texts.
"""

import re


def words(text: str) -> frozenset[str]:
    """The words of a text, as a set."""
    return frozenset(text.split())


# Words that name a sequence, its plane, its contrast: what a reader needs of a description.
_SEQUENCE_WORDS = words(
    """
    t1 t1w t1wi t1c t1+c t1gd t2 t2w t2wi t2* pd pdw flair ce post pre gd gad gado +c c+ +gd
    contrast km nativ native with without non mprage mp-rage rage mpr bravo spgr fspgr tfe tfl ffe
    space cube vista se tse fse frfse gre ge ir tir irse fl2d fl3d 2d 3d sag sagittal tra transverse
    trans axial ax cor coronal obl oblique dwi dti adc trace swi swan ct cta head brain cerebrum
    neuro iso isotropic mm fs fatsat spair spir dixon dark fluid darkfluid blade propeller
    multivane tirm stir vibe thrive star lava flash fast epi tof angio mra perfusion dsc dce asl
    localizer localiser scout survey thin thick hires lowres fov reformat recon standard soft bone
    series black blood bb mt wats
    """
)
_MEASURE = re.compile(r"\d{1,3}(\.\d{1,2})?mm|p[2-6]")
_VENDORS = {
    "SIEMENS": "SIEMENS", "PHILIPS": "Philips", "GE": "GE MEDICAL SYSTEMS",
    "GEMS": "GE MEDICAL SYSTEMS", "TOSHIBA": "TOSHIBA", "CANON": "Canon", "HITACHI": "Hitachi",
    "FUJIFILM": "FUJIFILM", "UIH": "UIH", "UNITED": "UIH", "HYPERFINE": "Hyperfine",
    "ESAOTE": "Esaote", "PARAMED": "Paramed", "BRUKER": "Bruker", "VARIAN": "Varian",
    "ELEKTA": "Elekta", "VIEWRAY": "ViewRay", "NEUSOFT": "Neusoft", "READERSTUDY": "Readerstudy",
}  # fmt: skip
_MODEL_WORDS = words(
    """
    magnetom aera avanto skyra prisma prisma_fit prismafit verio vida lumina trio triotim sola
    altea amira espree symphony symphonytim sonata vision harmony concerto essenza spectra biograph
    mmr mr terra free max cima somatom definition force drive edge go flash naeotom alpha sensation
    emotion scope signa excite hdx hdxt hde pioneer premier architect artist hero voyager discovery
    optima brivo mr750 mr750w mr450 mr450w mr360 pet/ct revolution lightspeed vct ct750 hd apex
    frontier achieva ingenia ingenia-ct ambition elition intera gyroscan panorama dstream brilliance
    ict iqon spectral incisive mx8000 idt gemini titan vantage galan orian fortian centurian
    aquilion one prime genesis echelon oval smart oasis airis apollo umr uct omega swoop phantom
    1.5t 3t 3.0t 7t 0.55t xr xt tx quasar dual power nova
    """
)
_MODEL_NUMBER = re.compile(r"\d{1,4}[a-z]{0,2}", re.IGNORECASE)
_AGENTS = {
    "gadovist": "GADOBUTROL", "gadavist": "GADOBUTROL", "gadobutrol": "GADOBUTROL",
    "dotarem": "GADOTERATE", "clariscan": "GADOTERATE", "gadoter": "GADOTERATE",
    "prohance": "GADOTERIDOL", "gadoteridol": "GADOTERIDOL", "multihance": "GADOBENATE",
    "gadoben": "GADOBENATE", "magnevist": "GADOPENTETATE", "gadopent": "GADOPENTETATE",
    "omniscan": "GADODIAMIDE", "gadodiamide": "GADODIAMIDE", "gadopiclenol": "GADOPICLENOL",
    "vueway": "GADOPICLENOL", "elucirem": "GADOPICLENOL", "primovist": "GADOXETATE",
    "ablavar": "GADOFOSVESET", "gd": "GADOLINIUM", "gad": "GADOLINIUM", "magn": "GADOLINIUM",
    "omnipaque": "IODINE", "ultravist": "IODINE", "isovue": "IODINE", "visipaque": "IODINE",
    "iod": "IODINE", "ioh": "IODINE", "iop": "IODINE", "iom": "IODINE",
}  # fmt: skip
_NONE = re.compile(r"\W*((no|none|non|nil|without|ohne|nein|n|0|n/?a)\b.*)?", re.IGNORECASE)
# (coding scheme designator, code value) -> code meaning; DICOM PS3.16, CID 4031 and 12.
_CODED = {
    ("SRT", "T-A0100"): "Brain", ("SCT", "12738006"): "Brain", ("SRT", "T-D1100"): "Head",
    ("SCT", "69536005"): "Head", ("SRT", "T-D1160"): "Neck", ("SCT", "45048000"): "Neck",
    ("SRT", "T-D1000"): "Head and Neck", ("SCT", "774007"): "Head and Neck",
    ("SRT", "T-A7010"): "Spinal cord", ("SCT", "2748008"): "Spinal cord",
    ("SRT", "C-B03C0"): "Gadolinium contrast agent", ("SCT", "426722004"): "Iodine",
}  # fmt: skip
_KERNEL = re.compile(r"[A-Z][a-z]?\d{2,3}[a-z]?|FC\d{2}|FL\d{2}|[A-F]|Y[A-F]|\d")
_KERNEL_WORDS = words("STANDARD SOFT BONE BONEPLUS DETAIL LUNG EDGE ULTRA CHEST")
_SEQUENCE_NAME = re.compile(r"\*?[a-z]{2,6}[23]d\d?[a-z0-9_#]{0,10}")
_NUCLEUS = re.compile(r"\d{1,3}[A-Z][a-z]?|[A-Z][a-z]?\d{1,3}")
_RESCALE = words("HU US OD HU_MOD PCT")


def description(free: str) -> str:
    """A series description with only words that name a sequence (at most 64 characters).

    Examples
    --------
    >>> description("T1_MPRAGE post KM (Smith, ward 4)")
    'T1 MPRAGE post KM'
    """
    parts = (word.strip("()[],;:.") for word in re.split(r"[\s_/\-]+", free))
    kept = [
        word
        for word in parts
        if word.lower() in _SEQUENCE_WORDS or _MEASURE.fullmatch(word.lower())
    ]
    return " ".join(kept)[:64]


def vendor(free: str) -> str:
    """The scanner's maker, as makers write themselves; "OTHER" for an unknown one."""
    for word in re.split(r"[^A-Z]+", free.upper()):
        if word in _VENDORS:
            return _VENDORS[word]
    return "OTHER" if free.strip() else ""


def model(free: str) -> str:
    """The scanner's model, of words that name models."""
    kept = [
        word
        for word in re.split(r"[\s,()]+", free)
        if word.lower() in _MODEL_WORDS or _MODEL_NUMBER.fullmatch(word)
    ]
    return " ".join(kept)[:64]


def agent(free: str) -> str:
    """The contrast agent's substance; "CONTRAST" for an unknown one; empty when none was given."""
    if _NONE.fullmatch(free):
        return ""
    lower = free.lower()
    return next((name for known, name in _AGENTS.items() if known in lower), "CONTRAST")


def route(free: str) -> str:
    """How contrast was given: IV, or nothing where it is not said plainly."""
    return "IV" if re.search(r"\b(iv|i\.v\.?|intraven\w*)", free, re.IGNORECASE) else ""


def kernel(free: str) -> str:
    """A CT reconstruction kernel's code."""
    kept = [
        word for word in free.split() if _KERNEL.fullmatch(word) or word.upper() in _KERNEL_WORDS
    ]
    return " ".join(kept)[:16]


def sequence_name(free: str) -> str:
    """A pulse sequence's name as Siemens writes them (`*tfl3d1_16ns`); nothing otherwise."""
    word = free.strip()
    return word if _SEQUENCE_NAME.fullmatch(word) else ""


def nucleus(free: str) -> str:
    """The imaged nucleus (1H, H1, 31P)."""
    word = free.strip()
    return word if _NUCLEUS.fullmatch(word) else ""


def rescale_type(free: str) -> str:
    """The unit of rescaled values: a defined term, or US (unspecified)."""
    word = free.strip().upper()
    return word if word in _RESCALE else "US"


def stack(free: str) -> str:
    """A stack's number."""
    word = free.strip()
    return word if re.fullmatch(r"\d{1,8}", word) else "1"


def coded(designator: str, value: str) -> str:
    """The meaning of a code that we know, by the standard's words; else nothing."""
    return _CODED.get((designator.strip(), value.strip()), "")
