"""Scales of levels, for questions and for marks; so far every rating was 0 to 100."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("studies", "0009_test_cases")]

    operations = [
        migrations.AddField(
            model_name="study", name="mark_scale", field=models.JSONField(default=dict)
        ),
        migrations.AlterField(
            model_name="question",
            name="kind",
            field=models.CharField(
                choices=[
                    ("rating", "Rating, 0-100"),
                    ("scale", "Scale of levels"),
                    ("choice", "One choice"),
                    ("multichoice", "Several choices"),
                    ("number", "Number"),
                    ("text", "Text"),
                ],
                max_length=12,
            ),
        ),
    ]
