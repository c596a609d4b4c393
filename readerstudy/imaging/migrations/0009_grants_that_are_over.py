from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("imaging", "0008_deliveries_of_senders"),
    ]

    operations = [
        migrations.CreateModel(
            name="EndedGrant",
            fields=[
                ("id", models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ("at", models.DateTimeField(db_index=True)),
            ],
        ),
    ]
