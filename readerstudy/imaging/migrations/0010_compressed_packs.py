from django.db import migrations, models


class Migration(migrations.Migration):
    """Nothing is compressed yet: workers take up what was stored before."""

    dependencies = [("imaging", "0009_grants_that_are_over")]
    operations = [
        migrations.AddField(
            model_name="series",
            name="compressed_of",
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.AddField(
            model_name="series",
            name="compressed_sha256",
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.AddField(
            model_name="series",
            name="compressed_bytes",
            field=models.PositiveBigIntegerField(default=0),
        ),
    ]
