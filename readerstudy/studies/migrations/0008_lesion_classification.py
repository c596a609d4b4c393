"""Whether a study's readers are told what kind of lesion a proposal may be; so far none were."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("studies", "0007_prior_examinations")]

    operations = [
        migrations.AddField(
            model_name="study",
            name="lesion_classification",
            field=models.BooleanField(default=False),
        ),
    ]
