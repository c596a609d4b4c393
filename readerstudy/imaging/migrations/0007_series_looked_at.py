from django.db import migrations, models


class Migration(migrations.Migration):
    """A person who released a series has looked: text is not looked for again."""

    dependencies = [("imaging", "0006_parcels")]
    operations = [
        migrations.AddField(
            model_name="series",
            name="is_looked_at",
            field=models.BooleanField(default=False),
        )
    ]
