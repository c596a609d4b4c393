"""How far a verification found the chains whole: the next one begins there."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Add the columns; verifications so far were full, and left no checkpoint."""

    dependencies = [("audit", "0002_verification")]

    operations = [
        migrations.AddField(
            model_name="verification",
            name="is_full",
            field=models.BooleanField(default=True),
        ),
        migrations.AddField(
            model_name="verification",
            name="checkpoint",
            field=models.JSONField(blank=True, null=True),
        ),
    ]
