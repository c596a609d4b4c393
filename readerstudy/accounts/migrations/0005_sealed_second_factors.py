"""The keys of authenticator apps are sealed; undone, they lie in clear again (decision 0018)."""

from django.db import migrations

from readerstudy.accounts.sealing import VERSION, seal, unseal


def sealed(apps, _schema_editor):
    for device in apps.get_model("otp_totp", "TOTPDevice").objects.all():
        if not device.key.startswith(VERSION):
            device.key = seal(bytes.fromhex(device.key), owner=device.user_id)
            device.save(update_fields=["key"])


def in_clear(apps, _schema_editor):
    for device in apps.get_model("otp_totp", "TOTPDevice").objects.all():
        device.key = unseal(device.key, owner=device.user_id).hex()
        device.save(update_fields=["key"])


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_language"),
        ("otp_totp", "0003_add_timestamps"),
    ]

    operations = [
        migrations.CreateModel(
            name="AuthenticatorApp",
            fields=[],
            options={"proxy": True, "indexes": [], "constraints": []},
            bases=("otp_totp.totpdevice",),
        ),
        migrations.RunPython(sealed, in_clear),
    ]
