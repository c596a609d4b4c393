"""Everything that fails under the readers of a storm, in turn; each fault mends itself."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.faults.brokers import PrivateRedis, Worker
from tests.faults.platform import Platform
from tests.faults.postgres import PrivatePostgres
from tests.faults.proxy import Proxy, Weather
from tests.faults.volume import Volume

ENDS_WITHIN_S = 60.0
FULL_S = 3.0
ENDED = {"done": 1, "quarantined": 0}  # results of a run that has ended (I7)
Strike = Callable[[], None]


@dataclass
class Storm:
    """What there is to break. Workers, their Redis and a small disk may be missing."""

    site: Platform
    server: PrivatePostgres
    network: Proxy
    disk: Volume | None = None
    worker: Worker | None = None
    broker: PrivateRedis | None = None
    counts: Counter[str] = field(default_factory=Counter)
    began: float = field(default_factory=time.monotonic)

    def strikes(self, rounds: int, *, cut_s: float, leaves: str) -> Iterator[Strike]:
        """Each fault once, then the hard ones again in every round.

        The long cut comes in the middle, so that reads go on before and after it.
        """
        foul = [self._weather(kind) for kind in Weather if kind is not Weather.FINE]
        hard = [self._kill_web, *foul, self._kill_database]
        hard += [self._fill_disk] if self.disk else []
        hard += [self._kill_worker, self._kill_broker] if self.worker else []
        once = [self._halt, lambda: self._withdraw(leaves)]
        yield from [*hard, *once, self._kill_web, self._kill_database]
        for number in range(rounds):
            yield from hard
            if number == rounds // 2:
                yield self._weather(Weather.CUT, cut_s)
                yield self._halt

    def ended_runs(self) -> list[dict[str, Any]]:
        """The detector's runs, once they have ended."""
        if not self.worker:
            return []
        end = time.monotonic() + ENDS_WITHIN_S
        while True:
            runs = list(json.loads(self.site.ask("runs"))["runs"].values())
            mine = [each for each in runs if each["fence"]]  # the study's own ran nowhere
            if all(each["state"] in ENDED for each in mine) or time.monotonic() > end:
                return mine
            time.sleep(1)

    def _kill_web(self) -> None:
        self.counts["web server killed"] += 1
        self.site.kill()
        self.site.start()

    def _kill_database(self) -> None:
        self.counts["PostgreSQL killed"] += 1
        self.server.kill()
        time.sleep(0.3)
        self.server.start()

    def _fill_disk(self) -> None:
        assert self.disk
        self.counts["disk full"] += 1
        self.disk.fill()
        time.sleep(FULL_S)
        self.disk.free()
        self.server.mend()

    def _kill_worker(self) -> None:
        """In the middle of a run."""
        assert self.worker
        self.counts["worker killed"] += 1
        self.site.ask("enqueue")
        time.sleep(1.5)
        self.worker.kill()
        self.worker.start()

    def _kill_broker(self) -> None:
        assert self.broker
        self.counts["Redis killed and emptied"] += 1
        self.site.ask("enqueue")
        self.broker.kill()
        time.sleep(0.3)
        self.broker.start()

    def _weather(self, kind: Weather, seconds: float = 0.5) -> Strike:
        def change() -> None:
            self.counts[f"network: {kind.value}"] += 1
            self.network.weather = kind
            time.sleep(seconds)
            self.network.weather = Weather.FINE

        return change

    def _halt(self) -> None:
        self.counts["study suspended and resumed"] += 1
        self.site.ask("act", "halt")
        self.site.ask("act", "resume")

    def _withdraw(self, username: str) -> None:
        self.counts["reader withdrawn"] += 1
        self.site.ask("act", "withdraw", username)
