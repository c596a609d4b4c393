"""A lesion of the reference standard may have voxels."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Add them."""

    dependencies = [("truth", "0003_panel")]

    operations = [
        migrations.AddField(
            model_name="truthlesion",
            name="mask",
            field=models.JSONField(blank=True, null=True),
        ),
    ]
