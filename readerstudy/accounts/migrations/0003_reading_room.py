from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_when_deactivated"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="reading_room",
            field=models.JSONField(blank=True, default=dict),
        ),
    ]
