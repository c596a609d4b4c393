import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("reads", "0003_packed_events"),
    ]

    operations = [
        migrations.CreateModel(
            name="Measurement",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("measure_id", models.UUIDField()),
                ("tool", models.CharField(max_length=13)),
                ("series", models.UUIDField()),
                ("points_mm", models.JSONField()),
                ("values", models.JSONField()),
                ("is_removed", models.BooleanField(default=False)),
                (
                    "read",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="measurements",
                        to="reads.read",
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("read", "measure_id"), name="reads_measurement_once"
                    )
                ],
            },
        ),
    ]
