"""Migrate to a next version and back, again and again, as a deployment would. Run as a module.

The migration is one that a next version could bring, of the shape of those there were: triggers
off, a column more on the busiest tables, triggers on, in one transaction. Argument: how many times.
"""

import json
import sys
import time

import django

django.setup()

from django.db import OperationalError, connection, migrations, models  # noqa: E402 -- set up first
from django.db.migrations.executor import MigrationExecutor  # noqa: E402

from readerstudy.reads import triggers  # noqa: E402
from readerstudy.reads.services.attempts import lost_a_race  # noqa: E402

PAUSE_S = 0.5


class Next(migrations.Migration):
    """Two columns more."""

    operations = [
        migrations.RunPython(triggers.remove, triggers.install),
        migrations.AddField("read", "of_the_next_version", models.DateTimeField(null=True)),
        migrations.AddField("batch", "of_the_next_version", models.SmallIntegerField(null=True)),
        migrations.RunPython(triggers.install, triggers.remove),
    ]


def move(*, forward: bool) -> int:
    """Migrate one way; answers how often it lost a race and was done again."""
    executor = MigrationExecutor(connection)
    state = executor.loader.project_state(executor.loader.graph.leaf_nodes())
    migration = Next("next", "reads")
    for lost in range(50):
        try:
            with connection.schema_editor(atomic=True) as editor:
                (migration.apply if forward else migration.unapply)(state.clone(), editor)
        except OperationalError as error:
            if not lost_a_race(error):
                raise
            time.sleep(0.1)
        else:
            return lost
    raise TimeoutError("The migration never got its locks.")


if __name__ == "__main__":
    lost = 0
    for _ in range(int(sys.argv[1])):
        for forward in (True, False):
            lost += move(forward=forward)
            time.sleep(PAUSE_S)
    print(json.dumps({"lost_races": lost}))  # noqa: T201 -- its output is its answer
