from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("reads", "0004_measurements"),
    ]

    operations = [
        migrations.AddField(
            model_name="mark",
            name="mask",
            field=models.JSONField(blank=True, null=True),
        ),
    ]
