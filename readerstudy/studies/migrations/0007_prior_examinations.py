"""A case may have a prior examination, shown beside it."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Add the prior and how many days lie between."""

    dependencies = [
        ("imaging", "0006_parcels"),
        ("studies", "0006_training_cases"),
    ]

    operations = [
        migrations.AddField(
            model_name="case",
            name="prior",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="imaging.examination",
            ),
        ),
        migrations.AddField(
            model_name="case",
            name="prior_days",
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
    ]
