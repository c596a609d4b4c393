"""When an account was deactivated: what its browser had not sent is taken for a day (D3)."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Add the column; accounts that were deactivated before have no such day."""

    dependencies = [("accounts", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="deactivated_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
