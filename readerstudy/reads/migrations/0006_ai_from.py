from typing import Any

from django.db import migrations, models
from django.db.models import F

from readerstudy.reads import triggers


def sent_from_the_start(apps: Any, _schema_editor: Any) -> None:
    """Until this version an on-demand read's packet had its proposals as it was opened (H6)."""
    reads, arms = apps.get_model("reads", "Read"), apps.get_model("studies", "Arm")
    on_demand = arms.objects.filter(mode="on_demand").values("pk")
    reads.objects.filter(arm__in=on_demand).exclude(stage="unaided").update(ai_from=F("opened_at"))


class Migration(migrations.Migration):
    dependencies = [
        ("reads", "0005_mark_mask"),
    ]

    operations = [
        migrations.RunPython(triggers.remove, triggers.install),
        migrations.AddField(
            model_name="read",
            name="ai_from",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.RunPython(sent_from_the_start, migrations.RunPython.noop),
        migrations.RunPython(triggers.install, triggers.remove),
    ]
