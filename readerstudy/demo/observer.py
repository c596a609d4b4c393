"""The observer model that reads in place of radiologists in the demonstration.

A search model after Chakraborty (Phys Med Biol 2006; 51:3449-3462): a reader *finds* each lesion
with a probability that grows with its size, and a Poisson number of suspicious places that are
none; every place found gets a normal decision variable whose mean is `mu` at lesions and 0
elsewhere; places above the reader's threshold are marked, rated by the variable mapped to 0-100.
The rating of the case is that of its most suspicious place. Reading time is lognormal and grows
with the number of marks.

With AI, each proposal is looked at: lesions that it shows are found almost always, and its
decision variable gains with the detector's probability; a false proposal becomes a suspicious
place whose mean is raised by how much this reader trusts the machine (automation bias). Reading
is faster. Where proposals come on demand, a reader asks for them the oftener the more they trust
the machine, in half of the cases at least; a case of which they did not ask is read as without AI.

The parameters are set so that the demonstration resembles published reader studies
(Yin 2022; Sunwoo 2017); they are made up and say nothing about any detector or radiologist.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Point = tuple[float, float, float]


@dataclass(frozen=True)
class Skill:
    """One experience level's parameters."""

    half_size_mm: float  # diameter found half of the time
    mu: float  # separation of lesions from the rest
    false_rate: float  # suspicious places per case
    threshold: float  # marked above it
    seconds: float  # median reading time
    trust: float  # in the machine


SKILLS = {
    "resident": Skill(5.0, 1.7, 0.55, 0.45, 150.0, 0.9),
    "general": Skill(4.3, 2.0, 0.40, 0.45, 120.0, 0.6),
    "neuroradiologist": Skill(3.4, 2.5, 0.28, 0.45, 95.0, 0.3),
}
AI_TIME_RATIO = 0.78
ASKS_AT_LEAST = 0.5  # of the cases, where proposals come on demand; who trusts fully asks in all
BETWEEN_READERS = 0.12  # standard deviation of a reader's own factor, on the log scale


@dataclass(frozen=True)
class Sight:
    """A case as the model sees it: the lesions that are there."""

    centroids_mm: Sequence[Point]
    diameters_mm: Sequence[float]
    brain_mm: Sequence[Point]  # places where a false mark may be put


@dataclass(frozen=True)
class Shown:
    """A proposal on the screen."""

    id: str
    centroid_mm: Point
    diameter_mm: float
    probability: float


@dataclass(frozen=True)
class SimulatedMark:
    """A mark the model puts."""

    position_mm: Point
    diameter_mm: float
    rating: int
    proposal: str | None = None


@dataclass
class Reading:
    """What the model did with one case."""

    rating: int
    seconds: float
    marks: list[SimulatedMark] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)
    rejected: list[str] = field(default_factory=list)


class Observer:
    """A simulated reader with a personal factor on skill and speed.

    Parameters
    ----------
    experience : str
        A key of `SKILLS`.
    rng : numpy.random.Generator
        The only source of chance.
    """

    def __init__(self, experience: str, rng: np.random.Generator) -> None:
        self.skill = SKILLS[experience]
        self.rng = rng
        self.mu = self.skill.mu * float(np.exp(rng.normal(0, BETWEEN_READERS)))
        self.pace = float(np.exp(rng.normal(0, BETWEEN_READERS)))

    def asks(self) -> bool:
        """Whether the reader asks for the proposals of a case, where they come on demand."""
        return bool(self.rng.random() < ASKS_AT_LEAST + (1 - ASKS_AT_LEAST) * self.skill.trust)

    def read(self, sight: Sight, proposals: Sequence[Shown] | None) -> Reading:
        """Read one case; `proposals` is None in an arm without AI."""
        places = self._lesions_found(sight, proposals or ())
        places += self._false_places(sight)
        places += self._false_proposals(sight, proposals or ())
        reading = Reading(rating=self._rating(places), seconds=0.0)
        for point, diameter, value, proposal in places:
            if value < self.skill.threshold:
                continue
            reading.marks.append(SimulatedMark(point, diameter, _scale(value), proposal))
            if proposal:
                reading.accepted.append(proposal)
        taken = set(reading.accepted)
        reading.rejected = [each.id for each in proposals or () if each.id not in taken]
        reading.seconds = self._seconds(len(reading.marks), with_ai=proposals is not None)
        return reading

    def _lesions_found(self, sight: Sight, proposals: Sequence[Shown]) -> list["Place"]:
        places: list[Place] = []
        for centre, diameter in zip(sight.centroids_mm, sight.diameters_mm, strict=True):
            shown = _nearest(centre, diameter, proposals)
            chance = 1 / (1 + np.exp(-1.5 * (diameter - self.skill.half_size_mm)))
            if shown is not None:
                chance = max(chance, 0.93)
            if self.rng.random() > chance:
                continue
            gain = 0.8 * shown.probability if shown is not None else 0.0
            value = self.rng.normal(self.mu + gain, 1.0)
            spot = _near(centre, min(1.5, diameter / 4), self.rng)
            places.append((spot, diameter, float(value), shown.id if shown else None))
        return places

    def _false_places(self, sight: Sight) -> list["Place"]:
        number = int(self.rng.poisson(self.skill.false_rate))
        spots = self.rng.choice(len(sight.brain_mm), size=number)
        return [
            (sight.brain_mm[int(spot)], 4.0, float(self.rng.normal(0, 1)), None) for spot in spots
        ]

    def _false_proposals(self, sight: Sight, proposals: Sequence[Shown]) -> list["Place"]:
        hits = {
            shown.id
            for centre, diameter in zip(sight.centroids_mm, sight.diameters_mm, strict=True)
            if (shown := _nearest(centre, diameter, proposals)) is not None
        }
        return [
            (
                each.centroid_mm,
                each.diameter_mm,
                float(self.rng.normal(self.skill.trust * each.probability - 0.4, 1.0)),
                each.id,
            )
            for each in proposals
            if each.id not in hits
        ]

    def _rating(self, places: Sequence["Place"]) -> int:
        highest = max((value for _, _, value, _ in places), default=-1.2)
        return _scale(highest + float(self.rng.normal(0, 0.15)))

    def _seconds(self, marks: int, *, with_ai: bool) -> float:
        median = self.skill.seconds * self.pace * (1 + 0.12 * marks)
        median *= AI_TIME_RATIO if with_ai else 1.0
        return float(median * np.exp(self.rng.normal(0, 0.25)))


Place = tuple[Point, float, float, str | None]


def _scale(value: float) -> int:
    """A decision variable on the scale 0-100 by a logistic curve with its middle at 0.9."""
    return int(np.clip(round(100 / (1 + np.exp(-1.4 * (value - 0.9)))), 0, 100))


def _near(point: Point, spread_mm: float, rng: np.random.Generator) -> Point:
    moved: NDArray[np.float64] = np.asarray(point) + rng.normal(0, spread_mm / 2, 3)
    return (float(moved[0]), float(moved[1]), float(moved[2]))


def _nearest(centre: Point, diameter_mm: float, proposals: Sequence[Shown]) -> Shown | None:
    """The nearest proposal within the lesion's radius plus 2 mm."""
    reach = diameter_mm / 2 + 2
    found = [
        (float(np.linalg.norm(np.subtract(each.centroid_mm, centre))), index)
        for index, each in enumerate(proposals)
    ]
    distance, index = min(found, default=(np.inf, -1))
    return proposals[index] if distance <= reach else None
