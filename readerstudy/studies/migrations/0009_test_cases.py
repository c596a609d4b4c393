"""How many cases at an attempt's end are a test without feedback; so far none were."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("studies", "0008_lesion_classification")]

    operations = [
        migrations.AddField(
            model_name="study",
            name="test_cases",
            field=models.PositiveSmallIntegerField(default=0),
        ),
    ]
