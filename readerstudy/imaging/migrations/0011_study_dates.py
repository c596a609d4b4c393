from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("imaging", "0010_compressed_packs"),
    ]

    operations = [
        migrations.AddField(
            model_name="examination",
            name="study_date",
            field=models.DateField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="examination",
            name="study_time",
            field=models.TimeField(blank=True, null=True),
        ),
        migrations.AddIndex(
            model_name="examination",
            index=models.Index(fields=["collection", "study_date"], name="imaging_study_date"),
        ),
    ]
