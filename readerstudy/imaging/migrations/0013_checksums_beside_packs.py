from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("imaging", "0012_study_dates_of_what_is_there"),
    ]

    operations = [
        migrations.AddField(
            model_name="series",
            name="metadata_sha256",
            field=models.CharField(blank=True, db_default="", default="", max_length=64),
        ),
        migrations.AddField(
            model_name="series",
            name="thumbnail_sha256",
            field=models.CharField(blank=True, db_default="", default="", max_length=64),
        ),
    ]
