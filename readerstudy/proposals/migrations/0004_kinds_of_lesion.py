"""What kind of lesion a proposal may be, and which head was asked; so far none was."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("proposals", "0003_heat_maps")]

    operations = [
        migrations.AddField(
            model_name="proposedlesion",
            name="classification",
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name="run",
            name="kinds_head",
            field=models.CharField(blank=True, max_length=60),
        ),
        migrations.AddField(
            model_name="run",
            name="kinds_sha256",
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.AddField(
            model_name="run",
            name="kinds_lack",
            field=models.CharField(blank=True, max_length=60),
        ),
    ]
