from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("proposals", "0007_stage_of_a_run"),
    ]

    operations = [
        migrations.AddField(
            model_name="run",
            name="found",
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
    ]
